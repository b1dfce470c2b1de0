// The optimizer's rule on each weight, W^T of what moved, and the average of the weights.

#pragma once

#include "cuda/gradients.cuh"

namespace deepgen::cuda {

// Where a number of a tile stands in W^T; negative: nowhere.
__device__ inline int transposed_place(const Layer &layer, const Task &task, int in_task) {
    const int k = task.row + in_task / task.columns, j = task.column + in_task % task.columns;
    if (!layer.transposes || task.kind != DEEPGEN_TILE || j >= layer.width)
        return -1;
    const Place column = packed_place(layer.padded_width, layer.padded_inputs, transposed_gap, k);
    return layer.transposed + column.first + j * column.stride;
}

template <class Work>
__device__ void for_each_weight(Crew &crew, const Batch &batch, Range segments, Work work) {
    for (int s = segments.begin; s < segments.end; ++s) {
        const Segment &segment = batch.net.segments[s];
        crew.share((segment.n + warp_size - 1) / warp_size, [&](int piece) {
            const int i = piece * warp_size + crew.lane();
            if (i < segment.n)
                work(segment, segment.offset + i);
        });
    }
}

__device__ inline void write_weight(const Batch &batch, const Segment &segment, int i, float w) {
    const Task &task = batch.net.tasks[segment.task];
    batch.memory.weights[i] = w;
    const int place = transposed_place(batch.layer(task.layer), task, i - task.offset);
    if (place >= 0)
        batch.memory.transposed[place] = w;
}

// Moves the average of the weights, where there is one.
__device__ inline void average(const Batch &batch, int i, Real w) {
    if (!batch.net.wrappers.averages)
        return;
    const double share = batch.memory.totals->begun ? 1.0 - batch.net.wrappers.decay : 1.0;
    const Real from(batch.memory.average[i]);
    batch.memory.average[i] = fmadd(Real(static_cast<float>(share)), w - from, from).v;
}

__device__ inline void update(Crew &crew, const Batch &batch, const Step &step, Range segments) {
    with_rule(batch.net.rule, [&]<class Rule>(Member<Rule>) {
        for_each_weight(crew, batch, segments, [&](const Segment &segment, int i) {
            RuleConstants constants;
            for (std::size_t c = 0; c < constants.size(); ++c)
                constants[c] =
                    step.constants[static_cast<std::size_t>(segment.factor) * constants.size() + c];
            const double decay = is_matrix(batch, segment) ? step.decays[segment.factor] : 0.0;
            const Real g = total_gradient(batch, segment, i);
            Real w(batch.memory.weights[i]);
            w *= Real(static_cast<float>(1.0 - decay));
            Real state[max_state_arrays];
            for (int s = 0; s < Rule::n_state_arrays; ++s)
                state[s] = Real(batch.memory.state[s][i]);
            const Rule rule(constants);
            rule(w, g, state);
            for (int s = 0; s < Rule::n_state_arrays; ++s)
                batch.memory.state[s][i] = state[s].v;
            write_weight(batch, segment, i, w.v);
            average(batch, i, w);
        });
    });
    crew.meet();
}

} // namespace deepgen::cuda
