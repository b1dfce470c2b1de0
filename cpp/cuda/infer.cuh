// The outputs of rows in inference mode.

#pragma once

#include "cuda/forward.cuh"

namespace deepgen::cuda {

inline constexpr int infer_rows = 4096; // at once

__device__ inline Batch frozen_batch(const Net &net, const Memory &memory, const Data &data,
                                     int n_rows) {
    return {.net = net,
            .memory = memory,
            .data = data,
            .order = nullptr,
            .first = 0,
            .n_rows = n_rows,
            .training = false,
            .moves_running = false,
            .weight_sum = 1.0,
            .penalty = 0.0,
            .dropout = -1.0,
            .dropout_key = 0,
            .branch_key = 0};
}

// One block: the statistics that batch norms have at prediction.
__global__ void __launch_bounds__(block_threads) freeze(Net net, Memory memory, Data data) {
    Crew crew;
    const Batch batch = frozen_batch(net, memory, data, 0);
    for (int l = 0; l < net.n_layers; ++l)
        if (net.layers[l].normalization == DEEPGEN_BATCH_NORM)
            freeze_moments(crew, batch, net.layers[l]);
}

// A block takes some of n_rows rows of X.
__global__ void __launch_bounds__(block_threads, blocks_together)
    infer(Net net, Memory memory, Data data, int n_rows, float *to) {
    Crew crew;
    const Batch batch = frozen_batch(net, memory, data, n_rows);
    const int block = static_cast<int>(blockIdx.x);
    const Rows rows{min(block * block_rows, n_rows), min((block + 1) * block_rows, n_rows)};
    gather(crew, batch, rows);
    for (int l = 0; l < net.n_layers; ++l) {
        forward_product(crew, batch, l, rows, {0, net.layers[l].width});
        forward_to_norm(crew, batch, l, rows);
        forward_from_norm(crew, batch, l, rows);
    }
    const Layer &last = batch.layer(net.n_layers - 1);
    crew.share_entries(rows.n(), last.width, [&](int i, int j) {
        const int row = rows.begin + i;
        to[static_cast<std::int64_t>(row) * last.width + j] =
            batch.at(last.output, last.stride, row)[j];
    });
}

} // namespace deepgen::cuda
