// Calls of the runtime, and what comes of them; the first argument names the case. Prints the
// errors and numbers that came.

#include "cuda/launch.cuh"

#include <cstdio>
#include <string_view>
#include <vector>

namespace {

using deepgen::cuda::dynamic_shared;
using deepgen::cuda::launch;

void say(const char *what, cudaError_t error) {
    std::printf("%s: %s\n", what, cudaGetErrorString(error));
}

__global__ void add(float *x, float number) {
    x[threadIdx.x] += number;
}

__global__ void fill(float *x, float number) {
    x[threadIdx.x] = number;
}

__global__ void use_shared(int n) {
    if (threadIdx.x == 0)
        dynamic_shared<char>()[n - 1] = 1;
}

void describe() {
    int n = -1, driver = -1, runtime = -1;
    say("driver", cudaDriverGetVersion(&driver));
    say("runtime", cudaRuntimeGetVersion(&runtime));
    say("count", cudaGetDeviceCount(&n));
    std::printf("%d devices, driver %d, runtime %d\n", n, driver, runtime);
    cudaDeviceProp p{};
    const cudaError_t error = cudaGetDeviceProperties(&p, 0);
    say("properties", error);
    if (error == cudaSuccess)
        std::printf("%s, %d.%d, %d multiprocessors, %zu bytes shared\n", p.name, p.major, p.minor,
                    p.multiProcessorCount, p.sharedMemPerBlockOptin);
    say("no such device", cudaGetDeviceProperties(&p, 1));
}

void memory() {
    std::size_t free = 0, total = 0;
    void *half = nullptr, *more = nullptr;
    say("half", cudaMalloc(&half, 500));
    say("info", cudaMemGetInfo(&free, &total));
    std::printf("%zu of %zu free\n", free, total);
    say("more", cudaMalloc(&more, 600));
    say("peek", cudaPeekAtLastError());
    say("last", cudaGetLastError());
    say("after", cudaGetLastError());
    say("free", cudaFree(half));
    say("again", cudaMalloc(&more, 600));
    char host[800] = {};
    say("too many", cudaMemcpy(more, host, 601, cudaMemcpyHostToDevice));
    say("wrong way", cudaMemcpy(host, more, 600, cudaMemcpyHostToDevice));
    say("right way", cudaMemcpy(host, more, 600, cudaMemcpyDeviceToHost));
    say("no such memory", cudaFree(host));
    say("free", cudaFree(more));
}

void shared() {
    const int much = 100 << 10, most = 227 << 10;
    say("48 KB", launch(use_shared, 1, 32, 48 << 10, nullptr, 48 << 10));
    say("100 KB", launch(use_shared, 1, 32, much, nullptr, much));
    say("allow",
        cudaFuncSetAttribute(use_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, most));
    say("227 KB", launch(use_shared, 1, 32, most, nullptr, most));
    say("more", launch(use_shared, 1, 32, most + 1, nullptr, most + 1));
    say("allow more",
        cudaFuncSetAttribute(use_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, most + 1));
    say("1024 threads", launch(use_shared, 1, 1024, 64, nullptr, 64));
    say("1025 threads", launch(use_shared, 1, 1025, 64, nullptr, 64));
    say("no blocks", launch(use_shared, dim3(0), 32, 64, nullptr, 64));
    say("wait", cudaDeviceSynchronize());
}

// A graph keeps the arguments of its launches, and runs as often as asked.
void graph() {
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t copy = nullptr;
    float *x = nullptr, host[4] = {};
    say("stream", cudaStreamCreate(&stream));
    cudaMalloc(&x, sizeof host);
    cudaMemset(x, 0, sizeof host);
    say("begin", cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    float number = 1.0f;
    for (int i = 0; i < 3; ++i, number *= 2.0f)
        launch(add, 1, 4, 0, stream, x, number);
    say("wait while it records", cudaStreamSynchronize(stream));
    say("end", cudaStreamEndCapture(stream, &graph));
    say("instantiate", cudaGraphInstantiate(&copy, graph, 0));
    say("destroy", cudaGraphDestroy(graph));
    for (int i = 0; i < 2; ++i)
        say("launch", cudaGraphLaunch(copy, stream));
    say("wait", cudaStreamSynchronize(stream));
    cudaMemcpy(host, x, sizeof host, cudaMemcpyDeviceToHost);
    std::printf("%g %g\n", static_cast<double>(host[0]), static_cast<double>(host[3]));
    say("destroy", cudaGraphExecDestroy(copy));
    say("destroy", cudaStreamDestroy(stream));
    say("destroy again", cudaStreamDestroy(stream));
    cudaFree(x);
}

void launch_fault() {
    float *x = nullptr, host = 0.0f;
    say("malloc", cudaMalloc(&x, 4));
    say("launch", launch(add, 1, 1, 0, nullptr, x, 1.0f));
    say("copy", cudaMemcpy(&host, x, 4, cudaMemcpyDeviceToHost));
    say("wait", cudaDeviceSynchronize());
    say("malloc", cudaMalloc(&x, 4));
}

// The device's memory is read after it was given back, or beyond its end.
void after_free() {
    float *x = nullptr;
    cudaMalloc(&x, 16);
    cudaFree(x);
    launch(fill, 1, 4, 0, nullptr, x, 1.0f);
    cudaDeviceSynchronize();
}

void beyond_end() {
    float *x = nullptr;
    cudaMalloc(&x, 16);
    launch(fill, 1, 5, 0, nullptr, x, 1.0f);
    cudaFree(x);
}

} // namespace

int main(int, char **argv) {
    const std::string_view name = argv[1];
    if (name == "describe")
        describe();
    else if (name == "memory")
        memory();
    else if (name == "shared")
        shared();
    else if (name == "graph")
        graph();
    else if (name == "launch")
        launch_fault();
    else if (name == "after_free")
        after_free();
    else if (name == "beyond_end")
        beyond_end();
    else
        return 2;
    return 0;
}
