// C = A B by tiles in shared memory, with A (M, K) and B (K, N) row by row; and the sum of |C| of
// each block, in a fixed order: of a warp by shuffles, of a block through shared memory.

#pragma once

#include "cuda/launch.cuh"

inline constexpr int tile = 16, n_warps = tile * tile / 32;

struct Product {
    int M, N, K;
    const float *A, *B;
    float *C, *sums;
};

__global__ void multiply(Product p) {
    __shared__ float a[tile][tile + 1], b[tile][tile + 1];
    __shared__ float warp_sums[n_warps];
    const int i = static_cast<int>(threadIdx.y), j = static_cast<int>(threadIdx.x);
    const int row = static_cast<int>(blockIdx.y) * tile + i;
    const int column = static_cast<int>(blockIdx.x) * tile + j;
    float sum = 0.0f;
    for (int k = 0; k < p.K; k += tile) {
        a[i][j] = row < p.M && k + j < p.K ? p.A[row * p.K + k + j] : 0.0f;
        b[i][j] = column < p.N && k + i < p.K ? p.B[(k + i) * p.N + column] : 0.0f;
        __syncthreads(); // the tile is there
        for (int l = 0; l < tile; ++l)
            sum = fmaf(a[i][l], b[l][j], sum);
        __syncthreads(); // the tile is used
    }
    const bool is_inside = row < p.M && column < p.N;
    if (is_inside)
        p.C[row * p.N + column] = sum;

    float total = is_inside ? fabsf(sum) : 0.0f;
    for (int lanes = 16; lanes > 0; lanes /= 2)
        total += __shfl_xor_sync(0xffffffffu, total, lanes);
    const int thread = i * tile + j;
    if (thread % 32 == 0)
        warp_sums[thread / 32] = total;
    __syncthreads(); // the sums are there
    if (thread == 0) {
        float all = 0.0f;
        for (int warp = 0; warp < n_warps; ++warp)
            all += warp_sums[warp];
        p.sums[blockIdx.y * gridDim.x + blockIdx.x] = all;
    }
}
