// Sharpness-aware steps: to the worst point near by, and back (SAM, ASAM).

#pragma once

#include "cuda/update.cuh"

namespace deepgen::cuda {

// The gradient at the weights becomes the direction uphill. ASAM's is T^2 g with T = |w| + eta for
// matrices, and wants the squares of T g.
__device__ inline void store_direction(Crew &crew, const Batch &batch, Range tasks) {
    float *const direction = batch.memory.direction;
    store_total_gradient(crew, batch, tasks, [&](int i, float g) { direction[i] = g; });
    if (!batch.net.wrappers.adaptive)
        return;
    const Real shift(static_cast<float>(batch.net.wrappers.eta));
    sums_of<1>(
        crew, batch.net.tasks, tasks,
        [&](const Task &task, int i, Real(&sums)[1]) {
            const Real g(direction[i]);
            if (!is_matrix(batch, task)) {
                sums[0] = fmadd(g, g, sums[0]);
                return;
            }
            const Real w(batch.memory.weights[i]), t = max(w, -w) + shift, once = t * g;
            sums[0] = fmadd(once, once, sums[0]);
            direction[i] = (t * once).v;
        },
        [&](int t, const double (&totals)[1]) {
            batch.memory.chunk_squares[2 * t + 1] = totals[0];
        });
    crew.meet();
}

// By one thread: how far it goes.
__device__ inline void find_ascent(const Batch &batch) {
    const Wrappers &wrappers = batch.net.wrappers;
    Totals &totals = *batch.memory.totals;
    totals.gradient_squares = total_of_chunks(batch, 0);
    const double squares = wrappers.adaptive ? total_of_chunks(batch, 1) : totals.gradient_squares;
    totals.factor =
        static_cast<float>(wrappers.rho / (sqrt(squares) + (wrappers.adaptive ? 1e-16 : 1e-12)));
}

__device__ inline void ascend(Crew &crew, const Batch &batch, Range segments) {
    const Real factor(batch.memory.totals->factor);
    for_each_weight(crew, batch, segments, [&](const Segment &segment, int i) {
        const Real w(batch.memory.weights[i]);
        batch.memory.saved[i] = w.v;
        write_weight(batch, segment, i, fmadd(factor, Real(batch.memory.direction[i]), w).v);
    });
    crew.meet();
}

__device__ inline void go_back(Crew &crew, const Batch &batch, Range segments) {
    for_each_weight(crew, batch, segments, [&](const Segment &segment, int i) {
        write_weight(batch, segment, i, batch.memory.saved[i]);
    });
    crew.meet();
}

} // namespace deepgen::cuda
