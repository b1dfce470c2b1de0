// Tier 1: a block trains one net, all steps of a slice in one launch. Several nets are several
// blocks.

#pragma once

#include "cuda/placement.cuh"
#include "cuda/step.cuh"

namespace deepgen::cuda {

__global__ void __launch_bounds__(block_threads) train_in_block(const Slice *slices) {
    const Slice &slice = slices[blockIdx.x];
    Crew crew;
    const Memory memory = take_place(crew, slice, dynamic_shared<float>());
    for (int step = 0; step < slice.n_steps; ++step) {
        const Share all{.rows = {0, slice.steps[step].n_rows},
                        .tasks = {0, slice.net.n_tasks},
                        .segments = {0, slice.net.n_segments}};
        for (int s = 0; s < slice.n_stages; ++s)
            run_stage(crew, slice, memory, slice.stages[s], all);
    }
    give_back(crew, slice, memory);
}

} // namespace deepgen::cuda
