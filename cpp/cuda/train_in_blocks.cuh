// Tier 2: many blocks train one net, a launch for each stage of a step.

#pragma once

#include "cuda/device_array.cuh"
#include "cuda/train_in_block.cuh"

namespace deepgen::cuda {

// How many blocks a stage wants.
inline int blocks_of(const Slice &slice, const Stage &stage) {
    switch (stage.sharing()) {
    case Sharing::by_rows:
        return (slice.sizes.n_rows + block_rows - 1) / block_rows;
    case Sharing::by_tasks:
        return slice.net.n_tasks;
    case Sharing::alone:
        break;
    }
    return 1;
}

__global__ void __launch_bounds__(block_threads) train_stage(const Slice *slice_, int number) {
    const Slice &slice = *slice_;
    const Stage &stage = slice.stages[number];
    const Totals &totals = *slice.memory.totals;
    if (totals.stopped || totals.step >= slice.n_steps)
        return;
    Crew crew;
    const int block = static_cast<int>(blockIdx.x), n_rows = slice.steps[totals.step].n_rows;
    Share share{};
    if (stage.sharing() == Sharing::by_rows)
        share.rows = {min(block * block_rows, n_rows), min((block + 1) * block_rows, n_rows)};
    else if (stage.sharing() == Sharing::by_tasks) {
        share.tasks = {block, block + 1};
        share.segments = slice.net.tasks[block].segments;
    }
    if (share.rows.n() > 0 || stage.sharing() != Sharing::by_rows)
        run_stage(crew, slice, slice.memory, stage, share);
}

// Some steps as a graph, which is launched in one go; steps past the slice's end do nothing.
class StepGraph {
  public:
    static constexpr int n_steps = 16;

    StepGraph(const Slice &slice, const std::vector<Stage> &stages, const Slice *on_device,
              cudaStream_t stream) {
        cudaGraph_t graph = nullptr;
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
        for (int step = 0; step < n_steps; ++step)
            for (int s = 0; s < slice.n_stages; ++s)
                check(launch(train_stage,
                             dim3(static_cast<unsigned>(
                                 blocks_of(slice, stages[static_cast<std::size_t>(s)]))),
                             dim3(block_threads), 0, stream, on_device, s),
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
