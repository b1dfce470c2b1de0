// Small kernels, each of which shows one thing that threads of a block do; the first argument names
// the case. What goes wrong in a case ends the program with a message, the rest prints "right".

#include "cuda/launch.cuh"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

using deepgen::cuda::dynamic_shared;
using deepgen::cuda::launch;

constexpr unsigned all = 0xffffffffu;

// Each writes to ok[0] only where something is not as it should be.

__global__ void shuffles(int *ok) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const double value = lane * 1.5;
    const double from_3 = __shfl_sync(all, value, 3), next = __shfl_xor_sync(all, value, 1);
    const double below = __shfl_down_sync(all, value, 5);
    if (from_3 != 4.5 || next != (lane ^ 1) * 1.5 || below != (lane < 27 ? lane + 5 : lane) * 1.5)
        ok[0] = 0;
    if (__ballot_sync(all, lane % 3 == 0) != 0x49249249u)
        ok[0] = 0;
}

// The halves of a warp go their own ways, as often as they like.
__global__ void halves(int *ok) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    int sum = lane;
    if (lane < 16)
        for (int lanes = 8; lanes > 0; lanes /= 2)
            sum += __shfl_xor_sync(0x0000ffffu, sum, lanes);
    else
        sum = __shfl_sync(0xffff0000u, lane, 20);
    if (sum != (lane < 16 ? 120 : 20) || __shfl_sync(all, sum, 31) != 20)
        ok[0] = 0;
}

__global__ void fresh_memory(int *ok, const float *fresh) {
    __shared__ float own[40];
    const unsigned t = threadIdx.x;
    float *const shared = dynamic_shared<float>();
    if (!std::isnan(own[t]) || !std::isnan(shared[t]) || !std::isnan(fresh[t]))
        ok[0] = 0;
    __syncthreads();
    own[t] = shared[t] = 1.0f; // not for the next block
}

template <class T>
__global__ void fresh_in_a_template(int *ok) {
    __shared__ T own[40];
    if (!std::isnan(own[threadIdx.x]))
        ok[0] = 0;
    __syncthreads();
    own[threadIdx.x] = T(1);
}

__global__ void denormals(int *ok, float tiny) {
    if (tiny * 0.5f != 0.0f || tiny / 4.0f + tiny / 4.0f != 0.0f)
        ok[0] = 0;
}

__global__ void indices(int *ok) {
    if (blockDim.x != 4 || blockDim.y != 3 || blockDim.z != 2 || gridDim.x != 3 || gridDim.z != 2)
        ok[0] = 0;
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    ok[1 + block * 24 + thread] += 1;
}

__global__ void wrong_lane(int *ok) {
    if (threadIdx.x < 16)
        ok[0] = __shfl_sync(0x0000ffffu, 1, 20);
}

__global__ void wrong_mask(int *ok) {
    ok[0] = __shfl_sync(threadIdx.x == 3 ? 0x0000000fu : all, 1, 0);
}

__global__ void missing_lane(int *ok) {
    if (threadIdx.x != 7)
        ok[0] = __shfl_sync(all, 1, 0);
}

__global__ void different_barriers(int *ok) {
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
    ok[0] = 1;
}

__global__ void barrier_in_a_warp(int *ok) {
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncwarp();
    ok[0] = 1;
}

// Lane 0 reads what another lane wrote; a shuffle between the two orders nothing in memory.
template <bool is_ordered>
__global__ void within_a_warp(int *ok, int *scratch) {
    scratch[threadIdx.x] = 1;
    if constexpr (is_ordered)
        __syncwarp();
    else
        __shfl_sync(all, 1, 0);
    if (threadIdx.x == 0)
        ok[0] = scratch[1];
}

// Two blocks write to one number.
__global__ void across_blocks(int *ok) {
    if (threadIdx.x == 5)
        ok[0] = 1;
}

__global__ void too_deep(int *ok) {
    volatile char room[300 << 10];
    for (int i = 0; i < 300 << 10; i += 1024)
        room[i] = 1;
    ok[0] = room[0];
}

__global__ void beyond_shared(int *ok) {
    dynamic_shared<float>()[64 + threadIdx.x] = 1.0f;
    ok[0] = 1;
}

int run(std::string_view name, int *ok) {
    const unsigned n = 1, threads = 64;
    if (name == "shuffles")
        launch(shuffles, n, threads, 0, nullptr, ok);
    else if (name == "halves")
        launch(halves, n, threads, 0, nullptr, ok);
    else if (name == "denormals")
        launch(denormals, n, threads, 0, nullptr, ok, 1e-38f * 1.2f);
    else if (name == "fresh_memory") {
        float *fresh = nullptr;
        cudaMalloc(&fresh, 40 * sizeof(float));
        launch(fresh_memory, 3, 40, 40 * sizeof(float), nullptr, ok, fresh);
        launch(fresh_in_a_template<float>, 3, 40, 0, nullptr, ok);
        launch(fresh_in_a_template<double>, 3, 40, 0, nullptr, ok);
        cudaFree(fresh);
    } else if (name == "indices") {
        launch(indices, dim3(3, 1, 2), dim3(4, 3, 2), 0, nullptr, ok);
        cudaDeviceSynchronize();
        for (int i = 1; i <= 144; ++i)
            ok[0] &= ok[i] == 1;
    } else if (name == "wrong_lane")
        launch(wrong_lane, n, threads, 0, nullptr, ok);
    else if (name == "wrong_mask")
        launch(wrong_mask, n, threads, 0, nullptr, ok);
    else if (name == "missing_lane")
        launch(missing_lane, n, threads, 0, nullptr, ok);
    else if (name == "different_barriers")
        launch(different_barriers, n, threads, 0, nullptr, ok);
    else if (name == "barrier_in_a_warp")
        launch(barrier_in_a_warp, n, threads, 0, nullptr, ok);
    else if (name == "ordered_warp")
        launch(within_a_warp<true>, n, 32, 0, nullptr, ok, ok + 1);
    else if (name == "unordered_warp")
        launch(within_a_warp<false>, n, 32, 0, nullptr, ok, ok + 1);
    else if (name == "across_blocks")
        launch(across_blocks, 2, 32, 0, nullptr, ok);
    else if (name == "too_deep")
        launch(too_deep, n, 1, 0, nullptr, ok);
    else if (name == "beyond_shared")
        launch(beyond_shared, n, 1, 64 * sizeof(float), nullptr, ok);
    else
        return 2;
    return cudaDeviceSynchronize();
}

} // namespace

int main(int, char **argv) {
    int *ok = nullptr, result = 1;
    cudaMalloc(&ok, 200 * sizeof(int));
    cudaMemset(ok, 0, 200 * sizeof(int));
    cudaMemcpy(ok, &result, sizeof(int), cudaMemcpyHostToDevice);
    const int status = run(argv[1], ok);
    cudaMemcpy(&result, ok, sizeof(int), cudaMemcpyDeviceToHost);
    cudaFree(ok);
    std::printf("%s\n", status == 0 && result == 1 ? "right" : "wrong");
    return status != 0 || result != 1;
}
