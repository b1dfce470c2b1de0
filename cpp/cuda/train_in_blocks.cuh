// Tiers 2 and 3: many blocks train one net, a launch for each stage of a step.

#pragma once

#include "cuda/device_array.cuh"
#include "cuda/step.cuh"

namespace deepgen::cuda {

// A block has some whole rows or columns, or all that one block alone does.
__global__ void __launch_bounds__(block_threads, blocks_together)
    train_rows(const Slice *slice, int number) {
    const Step *const step = step_of(*slice, slice->memory);
    if (!step)
        return;
    const Stage &stage = slice->stages[number];
    const Batch batch = batch_of(*slice, slice->memory, *step, stage.again);
    const int block = static_cast<int>(blockIdx.x);
    Crew crew;
    if (stage.sharing() == Sharing::alone) {
        run_alone(crew, *slice, batch, stage);
    } else if (stage.sharing() == Sharing::by_columns) {
        const int first = block * slab_columns;
        run_columns(crew, *slice, batch, stage, {first, min(first + slab_columns, stage.columns)});
    } else {
        const Rows rows{block * block_rows, min((block + 1) * block_rows, batch.n_rows)};
        if (rows.n() > 0)
            run_rows(crew, *slice, batch, stage, rows);
    }
}

// A block has a tile of a product.
__global__ void __launch_bounds__(block_threads, blocks_together)
    train_tiles(const Slice *slice, int number) {
    const Step *const step = step_of(*slice, slice->memory);
    if (!step)
        return;
    const Stage &stage = slice->stages[number];
    const Batch batch = batch_of(*slice, slice->memory, *step, stage.again);
    const Share share = tile_of(stage.columns, static_cast<int>(blockIdx.x), batch.n_rows);
    SlabCrew<tile_rows_of_block> crew(dynamic_shared<float>());
    if (share.rows.n() > 0)
        run_tile(crew, *slice, batch, stage, share);
}

// A block has a task.
__global__ void __launch_bounds__(block_threads, blocks_together)
    train_tasks(const Slice *slice, int number) {
    const Step *const step = step_of(*slice, slice->memory);
    if (!step)
        return;
    const Stage &stage = slice->stages[number];
    const Batch batch = batch_of(*slice, slice->memory, *step, stage.again);
    const int task = static_cast<int>(blockIdx.x);
    SlabCrew<task_rows_of_block> crew(dynamic_shared<float>());
    run_tasks(crew, batch, *step, stage,
              {.rows = {},
               .columns = {},
               .tasks = {task, task + 1},
               .segments = batch.net.tasks[task].segments});
}

inline cudaError_t launch_stage(const Slice &slice, const Slice *on_device, const Stage &stage,
                                int number, cudaStream_t stream) {
    const auto go = [&](auto *kernel, int n_blocks, int shared_floats) {
        return launch(kernel, dim3(static_cast<unsigned>(n_blocks)), dim3(block_threads),
                      static_cast<std::size_t>(shared_floats) * sizeof(float), stream, on_device,
                      number);
    };
    const int n_rows = slice.sizes.n_rows;
    switch (stage.sharing()) {
    case Sharing::by_rows:
        return go(train_rows, n_pieces(n_rows, block_rows), 0);
    case Sharing::by_tiles:
        return go(train_tiles,
                  n_pieces(n_rows, tile_rows_of_block) * n_pieces(stage.columns, slab_columns),
                  SlabCrew<tile_rows_of_block>::n_shared);
    case Sharing::by_columns:
        return go(train_rows, n_pieces(stage.columns, slab_columns), 0);
    case Sharing::by_tasks:
        return go(train_tasks, slice.net.n_tasks, SlabCrew<task_rows_of_block>::n_shared);
    case Sharing::alone:
        break;
    }
    return go(train_rows, 1, 0);
}

// Some steps as a graph, which is launched in one go; steps past the slice's end do nothing.
class StepGraph {
  public:
    static constexpr int n_steps = 16;

    StepGraph(const Slice &slice, const std::vector<Stage> &stages, const Slice *on_device) {
        // For which nobody waits: a copy by another thread would break off the capture.
        const Stream capture(cudaStreamNonBlocking);
        cudaStream_t const stream = capture.get();
        cudaGraph_t graph = nullptr;
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
        for (int step = 0; step < n_steps; ++step)
            for (int s = 0; s < slice.n_stages; ++s)
                check(
                    launch_stage(slice, on_device, stages[static_cast<std::size_t>(s)], s, stream),
                    "launch");
        check(cudaStreamEndCapture(stream, &graph), "capture");
        const cudaError_t error = cudaGraphInstantiate(&executable_, graph, 0);
        cudaGraphDestroy(graph);
        check(error, "graph");
    }
    StepGraph(const StepGraph &) = delete;
    StepGraph &operator=(const StepGraph &) = delete;
    ~StepGraph() { cudaGraphExecDestroy(executable_); }

    void run(int steps, cudaStream_t stream) const {
        for (int done = 0; done < steps; done += n_steps)
            check(cudaGraphLaunch(executable_, stream), "launch");
    }

  private:
    cudaGraphExec_t executable_ = nullptr;
};

} // namespace deepgen::cuda
