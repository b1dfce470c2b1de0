// Gradients of the weights, chunk by chunk, and the sums of squares that the engine reports: each
// sum in the CPU's order.

#pragma once

#include "cuda/norms.cuh"
#include "cuda/slabs.cuh"

namespace deepgen::cuda {

template <class Workers>
__device__ void tile_gradient(Workers &crew, const Batch &batch, const Task &task) {
    const Layer &layer = batch.layer(task.layer);
    const float *const gradients = batch.at(layer.gradients, layer.stride, 0) + task.column;
    float *const to = batch.memory.gradient + task.offset;
    product(
        crew, min(task.n_rows, layer.n_inputs - task.row),
        min(task.columns, layer.width - task.column), batch.n_rows,
        {batch.inputs(task.layer, 0) + task.row, 1, batch.input_stride(task.layer)},
        [&](int j) { return Column{gradients + j, layer.stride}; },
        [&](int i, int j, Real sum) { to[i * task.columns + j] = sum.v; });
}

// Rows of W^T are outputs: too few for tiles, so that a thread has one entry.
__device__ inline void narrow_gradient(Crew &crew, const Batch &batch, const Task &task) {
    const Layer &layer = batch.layer(task.layer);
    const int stride = batch.input_stride(task.layer);
    const float *const inputs = batch.inputs(task.layer, 0) + task.column;
    const float *const gradients = batch.at(layer.gradients, layer.stride, 0);
    float *const to = batch.memory.gradient + task.offset;
    crew.share_entries(
        task.n_rows, min(task.columns, layer.n_inputs - task.column), [&](int o, int k) {
            Real sum(0.0F);
            DEEPGEN_UNROLL(32)
            for (int i = 0; i < batch.n_rows; ++i)
                sum =
                    fmadd(Real(gradients[i * layer.stride + o]), Real(inputs[i * stride + k]), sum);
            to[o * task.columns + k] = sum.v;
        });
}

__device__ inline void vector_gradients(Crew &crew, const Batch &batch, const Layer &layer) {
    float *const to = batch.memory.gradient;
    if (layer.has_bias)
        column_sums(crew, batch.n_rows, layer.width, batch.at(layer.gradients, layer.stride, 0),
                    layer.stride, [&](int j, Real sum) { to[layer.intercepts + j] = sum.v; });
    if (layer.normalization != DEEPGEN_NO_NORM)
        scale_gradient(crew, batch, layer);
    if (layer.has_slope)
        column_sums(crew, batch.n_rows, layer.width, batch.at(layer.lifted, layer.stride, 0),
                    layer.stride, [&](int j, Real sum) { to[layer.slope + j] = sum.v; });
}

// Padding keeps the zeros that it began with.
template <class Workers>
__device__ void gradients(Workers &crew, const Batch &batch, Range tasks) {
    for (int t = tasks.begin; t < tasks.end; ++t) {
        const Task &task = batch.net.tasks[t];
        if (task.kind == DEEPGEN_TILE)
            tile_gradient(crew, batch, task);
        else if (task.kind == DEEPGEN_NARROW)
            narrow_gradient(crew, batch, task);
        else
            vector_gradients(crew, batch, batch.layer(task.layer));
    }
    crew.meet();
}

// The sum of the lanes of a register, one in each thread of half a warp, as Simd::sum adds them.
__device__ inline double sum_of_lanes(Real x) {
    for (int half = lanes / 2; half > 0; half /= 2)
        x += Real(__shfl_xor_sync(whole_warp, x.v, half));
    return static_cast<double>(x.v);
}

// Calls term(i, sums) for the packed numbers of each of some spans, by lane; finish(s, sums) gets
// the totals of span s. A span has an offset and a length, as segments and tasks do.
template <int n, class Span, class Term, class Finish>
__device__ void sums_of(Crew &crew, const Span *spans, Range range, Term term, Finish finish) {
    const int half = crew.lane() / lanes, lane = crew.lane() % lanes;
    crew.share((range.end - range.begin + 1) / 2, [&](int pair) {
        const int s = range.begin + 2 * pair + half;
        Real sums[n];
        for (int k = 0; k < n; ++k)
            sums[k] = Real(0.0F);
        if (s < range.end) {
            const Span &span = spans[s];
            for (int i = lane; i < span.n; i += lanes)
                term(span, span.offset + i, sums);
        }
        double totals[n];
        for (int k = 0; k < n; ++k)
            totals[k] = sum_of_lanes(sums[k]);
        if (lane == 0 && s < range.end)
            finish(s, totals);
    });
}

__device__ inline bool is_matrix(const Batch &, const Task &task) {
    return task.kind != DEEPGEN_VECTORS;
}
__device__ inline bool is_matrix(const Batch &batch, const Segment &segment) {
    return is_matrix(batch, batch.net.tasks[segment.task]);
}

// L2 acts on matrices alone.
template <class Span>
__device__ Real total_gradient(const Batch &batch, const Span &span, int i) {
    const Real factor(is_matrix(batch, span) ? static_cast<float>(batch.penalty) : 0.0F);
    return fmadd(factor, Real(batch.memory.weights[i]), Real(batch.memory.gradient[i]));
}

// Squares of the gradient with L2 and of the weights, before they move.
__device__ inline void segment_squares(Crew &crew, const Batch &batch, Range segments) {
    sums_of<2>(
        crew, batch.net.segments, segments,
        [&](const Segment &segment, int i, Real(&sums)[2]) {
            const Real w(batch.memory.weights[i]), g = total_gradient(batch, segment, i);
            sums[0] = fmadd(g, g, sums[0]);
            sums[1] = fmadd(w, w, sums[1]);
        },
        [&](int s, const double (&totals)[2]) {
            batch.memory.squares[2 * s] = totals[0];
            batch.memory.squares[2 * s + 1] =
                is_matrix(batch, batch.net.segments[s]) ? totals[1] : 0.0;
        });
    crew.meet();
}

// Which = 0: of the gradient, 1: of the weights. Segments add up to chunks, chunks to the whole.
__device__ inline double total_squares(const Batch &batch, int which) {
    double total = 0.0, chunk = 0.0;
    DEEPGEN_UNROLL(16)
    for (int s = 0; s < batch.net.n_segments; ++s) {
        const double own = batch.memory.squares[2 * s + which];
        if (batch.net.segments[s].begins_chunk) {
            total += chunk;
            chunk = own;
        } else
            chunk += own;
    }
    return total + chunk;
}

// Adds L2 to the gradient, which from then on holds it; to(i, g) may put it elsewhere. Squares of
// whole chunks.
template <class Put>
__device__ void store_total_gradient(Crew &crew, const Batch &batch, Range tasks, Put put) {
    sums_of<1>(
        crew, batch.net.tasks, tasks,
        [&](const Task &task, int i, Real(&sums)[1]) {
            const Real g = total_gradient(batch, task, i);
            sums[0] = fmadd(g, g, sums[0]);
            put(i, g.v);
        },
        [&](int t, const double (&totals)[1]) { batch.memory.chunk_squares[2 * t] = totals[0]; });
    crew.meet();
}

__device__ inline double total_of_chunks(const Batch &batch, int which) {
    double total = 0.0;
    DEEPGEN_UNROLL(16)
    for (int t = 0; t < batch.net.n_tasks; ++t)
        total += batch.memory.chunk_squares[2 * t + which];
    return total;
}

} // namespace deepgen::cuda
