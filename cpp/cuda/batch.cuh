// What the stages of a step are called with: the net, its memory, the rows of the batch.

#pragma once

#include "cuda/crew.cuh"
#include "cuda/net.cuh"

namespace deepgen::cuda {

inline constexpr int block_threads = 256;
inline constexpr int blocks_together = 2;        // on a multiprocessor, at least
inline constexpr int block_rows = 2 * row_block; // where many blocks share a batch

// Some rows of a batch, those that a block has.
struct Rows {
    int begin, end;

    __device__ int n() const { return end - begin; }
};

struct Batch {
    const Net &net;
    const Memory &memory;
    const Data &data;
    const std::int64_t *order; // null: rows as they stand
    std::int64_t first;        // position of the first row
    int n_rows;
    bool training;
    bool moves_running; // of norms' statistics
    double weight_sum, penalty;
    double dropout; // negative: the layers' own
    std::uint64_t dropout_key, branch_key;

    __device__ std::int64_t sample(int row) const {
        return order ? order[first + row] : first + row;
    }
    __device__ const Layer &layer(int l) const { return net.layers[l]; }
    __device__ float *at(int place, int stride, int row) const {
        return memory.batch + place + static_cast<std::int64_t>(row) * stride;
    }
    // What a layer's product takes: the gathered rows or the outputs below.
    __device__ const float *inputs(int l, int row) const {
        return l == 0 ? at(0, net.input_stride, row)
                      : at(net.layers[l - 1].output, net.layers[l - 1].stride, row);
    }
    __device__ int input_stride(int l) const {
        return l == 0 ? net.input_stride : net.layers[l - 1].stride;
    }
    __device__ double dropout_of(const Layer &layer) const {
        return dropout >= 0.0 && layer.dropout > 0.0 ? dropout : layer.dropout;
    }
    // What a masked layer's slope is multiplied by.
    __device__ float mask_scale(const Layer &layer) const {
        return training ? static_cast<float>(1.0 / (1.0 - dropout_of(layer))) : 1.0F;
    }
};

// The same batch where the gradient has its L2 already.
__device__ inline Batch without_penalty(Batch batch) {
    batch.penalty = 0.0;
    return batch;
}

} // namespace deepgen::cuda
