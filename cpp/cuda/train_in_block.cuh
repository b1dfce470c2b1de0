// Tier 1: a block trains one net, all steps of a slice in one launch. Several nets are several
// blocks.

#pragma once

#include "cuda/placement.cuh"
#include "cuda/step.cuh"

namespace deepgen::cuda {

// All of a stage.
__device__ __forceinline__ void run_stage(Crew &crew, const Slice &slice, const Memory &memory,
                                          const Stage &stage) {
    const Step *const step = step_of(slice, memory);
    if (!step)
        return;
    const Batch batch = batch_of(slice, memory, *step, stage.again);
    const Share all{.rows = {0, batch.n_rows},
                    .columns = {0, stage.columns},
                    .tasks = {0, batch.net.n_tasks},
                    .segments = {0, batch.net.n_segments}};
    switch (stage.sharing()) {
    case Sharing::by_rows:
        run_rows(crew, slice, batch, stage, all.rows);
        break;
    case Sharing::by_tiles:
        run_tile(crew, slice, batch, stage, all);
        break;
    case Sharing::by_columns:
        run_columns(crew, slice, batch, stage, all.columns);
        break;
    case Sharing::by_tasks:
        run_tasks(crew, batch, *step, stage, all);
        break;
    case Sharing::alone:
        run_alone(crew, slice, batch, stage);
        break;
    }
    crew.meet();
}

__global__ void __launch_bounds__(block_threads, blocks_together)
    train_in_block(const Slice *slices) {
    const Slice &slice = slices[blockIdx.x];
    Crew crew;
    const Memory memory = take_place(crew, slice, dynamic_shared<float>());
    for (int step = 0; step < slice.n_steps; ++step)
        for (int s = 0; s < slice.n_stages; ++s)
            run_stage(crew, slice, memory, slice.stages[s]);
    give_back(crew, slice, memory);
}

} // namespace deepgen::cuda
