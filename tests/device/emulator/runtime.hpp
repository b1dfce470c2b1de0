// Functions of the CUDA runtime, as far as the plugin calls them.

#pragma once

#include "device.hpp"

#include <tuple>
#include <type_traits>

namespace emulator {

inline void copy(void *to, const void *from, std::size_t bytes) {
    if (bytes > 0) // pointers may be null then
        std::memcpy(to, from, bytes);
}

// Calls work(device) under the device's lock unless the device is out of order.
template <class Work>
cudaError_t call(Work work) {
    Device &own = device();
    const std::scoped_lock lock(own.mutex);
    const cudaError_t state = own.state();
    return own.report(state != cudaSuccess ? state : work(own));
}

// The same for what no stream may record meanwhile; what it waits for may show a failure.
template <class Work>
cudaError_t call_and_wait(Work work) {
    return call([&](Device &own) {
        if (own.captures())
            return cudaErrorStreamCaptureUnsupported;
        const cudaError_t error = work(own);
        const cudaError_t state = own.state();
        return state != cudaSuccess ? state : error;
    });
}

inline bool fits(Device &own, void *to, const void *from, std::size_t bytes, cudaMemcpyKind kind) {
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    return kind == cudaMemcpyDefault || bytes == 0 ||
           (own.has(to, bytes) == to_device && own.has(from, bytes) == from_device);
}

} // namespace emulator

inline cudaError_t cudaDriverGetVersion(int *version) {
    switch (emulator::fault_asked_for()) {
    case emulator::Fault::no_driver:
        *version = 0;
        break;
    case emulator::Fault::old_driver:
        *version = emulator::old_driver_version;
        break;
    default:
        *version = emulator::runtime_version;
    }
    return cudaSuccess;
}

inline cudaError_t cudaRuntimeGetVersion(int *version) {
    *version = emulator::runtime_version;
    return cudaSuccess;
}

inline cudaError_t cudaGetDeviceCount(int *count) {
    *count = 0;
    return emulator::call([&](emulator::Device &) {
        *count = 1;
        return cudaSuccess;
    });
}

inline cudaError_t cudaSetDevice(int device) {
    return emulator::call(
        [&](emulator::Device &) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; });
}

inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
    return emulator::call([&](emulator::Device &) {
        if (device != 0)
            return cudaErrorInvalidDevice;
        const bool old = emulator::fault_asked_for() == emulator::Fault::old_device;
        *properties = {.name = "emulated",
                       .totalGlobalMem = emulator::memory_asked_for(),
                       .sharedMemPerBlock = emulator::default_shared,
                       .sharedMemPerBlockOptin = emulator::most_shared,
                       .sharedMemPerMultiprocessor = std::size_t{228} << 10,
                       .regsPerBlock = 65536,
                       .warpSize = emulator::warp_size,
                       .maxThreadsPerBlock = emulator::max_threads,
                       .maxThreadsPerMultiProcessor = 2048,
                       .maxThreadsDim = {1024, 1024, 64},
                       .maxGridSize = {2147483647, 65535, 65535},
                       .major = old ? 7 : 9,
                       .minor = 0,
                       .multiProcessorCount = 132,
                       .l2CacheSize = 50 << 20};
        return cudaSuccess;
    });
}

inline cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
    cudaDeviceProp properties;
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, device))
        return error;
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
        *value = properties.multiProcessorCount;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = properties.major;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = properties.minor;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = static_cast<int>(properties.sharedMemPerBlockOptin);
        break;
    }
    return cudaSuccess;
}

inline cudaError_t cudaGetLastError() {
    const std::scoped_lock lock(emulator::device().mutex);
    return emulator::device().last_error(true);
}

inline cudaError_t cudaPeekAtLastError() {
    const std::scoped_lock lock(emulator::device().mutex);
    return emulator::device().last_error(false);
}

inline cudaError_t cudaMemGetInfo(std::size_t *free, std::size_t *total) {
    return emulator::call([&](emulator::Device &own) {
        *total = emulator::memory_asked_for();
        *free = *total > own.used() ? *total - own.used() : 0;
        return cudaSuccess;
    });
}

inline cudaError_t cudaMalloc(void **pointer, std::size_t bytes) {
    return emulator::call_and_wait(
        [&](emulator::Device &own) { return own.allocate(pointer, bytes); });
}

template <class T>
cudaError_t cudaMalloc(T **pointer, std::size_t bytes) {
    void *memory = nullptr;
    const cudaError_t error = cudaMalloc(&memory, bytes);
    *pointer = static_cast<T *>(memory);
    return error;
}

inline cudaError_t cudaFree(void *pointer) {
    return emulator::call_and_wait([&](emulator::Device &own) { return own.free(pointer); });
}

inline cudaError_t cudaDeviceSynchronize() {
    return emulator::call_and_wait([&](emulator::Device &own) {
        own.finish();
        return cudaSuccess;
    });
}

inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    return emulator::call([&](emulator::Device &own) {
        *stream = own.create_stream();
        return cudaSuccess;
    });
}

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    return cudaStreamCreate(stream);
}

inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return emulator::call([&](emulator::Device &own) {
        if (stream == nullptr || own.stream(stream) == nullptr)
            return cudaErrorInvalidResourceHandle;
        own.destroy(stream);
        return cudaSuccess;
    });
}

inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return emulator::call_and_wait([&](emulator::Device &own) {
        emulator::Stream *const found = own.stream(stream);
        if (found == nullptr)
            return cudaErrorInvalidResourceHandle;
        own.finish(*found);
        return cudaSuccess;
    });
}

// Calls of which one side is the host's return when they are done, as with memory that is not
// pinned.
inline cudaError_t cudaMemcpyAsync(void *to, const void *from, std::size_t bytes,
                                   cudaMemcpyKind kind, cudaStream_t stream = nullptr) {
    return emulator::call([&](emulator::Device &own) {
        emulator::Stream *const found = own.stream(stream);
        if (found == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (!emulator::fits(own, to, from, bytes, kind))
            return cudaErrorInvalidValue;
        own.enqueue(*found, [=] { emulator::copy(to, from, bytes); });
        if (!found->captured && !(own.has(to, bytes) && own.has(from, bytes)))
            own.finish(*found);
        return own.state();
    });
}

inline cudaError_t cudaMemcpy(void *to, const void *from, std::size_t bytes, cudaMemcpyKind kind) {
    return emulator::call_and_wait([&](emulator::Device &own) {
        own.finish();
        if (!emulator::fits(own, to, from, bytes, kind))
            return cudaErrorInvalidValue;
        if (own.state() == cudaSuccess)
            emulator::copy(to, from, bytes);
        return cudaSuccess;
    });
}

inline cudaError_t cudaMemsetAsync(void *to, int value, std::size_t bytes,
                                   cudaStream_t stream = nullptr) {
    return emulator::call([&](emulator::Device &own) {
        emulator::Stream *const found = own.stream(stream);
        if (found == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (bytes > 0 && !own.has(to, bytes))
            return cudaErrorInvalidValue;
        if (bytes > 0)
            own.enqueue(*found, [=] { std::memset(to, value, bytes); });
        return cudaSuccess;
    });
}

inline cudaError_t cudaMemset(void *to, int value, std::size_t bytes) {
    return cudaMemsetAsync(to, value, bytes);
}

template <class T>
cudaError_t cudaFuncSetAttribute(T *kernel, cudaFuncAttribute, int bytes) {
    return emulator::call([&](emulator::Device &own) {
        if (bytes < 0 || static_cast<std::size_t>(bytes) > emulator::most_shared)
            return cudaErrorInvalidValue;
        own.allow_shared(reinterpret_cast<const void *>(kernel), static_cast<std::size_t>(bytes));
        return cudaSuccess;
    });
}

template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...),
                               A &&...arguments) {
    static_assert((std::is_trivially_copyable_v<P> && ...), "the parameters go to the device");
    return emulator::call([&](emulator::Device &own) {
        const dim3 grid = config->gridDim, block = config->blockDim;
        emulator::Stream *const stream = own.stream(config->stream);
        if (stream == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (emulator::count(block) == 0 || emulator::count(block) > emulator::max_threads ||
            block.z > 64 || grid.x == 0 || grid.x > 2147483647 || grid.y == 0 || grid.y > 65535 ||
            grid.z == 0 || grid.z > 65535)
            return cudaErrorInvalidConfiguration;
        const std::size_t shared_bytes = config->dynamicSmemBytes;
        if (!own.allows_shared(reinterpret_cast<const void *>(kernel), shared_bytes))
            return cudaErrorInvalidValue;
        using Call = std::tuple<void (*)(P...), P...>;
        own.enqueue(*stream, [=, &own, call = Call(kernel, static_cast<P>(arguments)...)] {
            own.run({grid, block, shared_bytes,
                     [](const void *made) {
                         std::apply([](auto function, P... values) { function(values...); },
                                    *static_cast<const Call *>(made));
                     },
                     &call});
        });
        return cudaSuccess;
    });
}

inline cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    return emulator::call([&](emulator::Device &own) {
        if (stream == nullptr || own.stream(stream) == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (stream->captured)
            return cudaErrorIllegalState;
        stream->captured = std::make_unique<emulator::Graph>();
        return cudaSuccess;
    });
}

inline cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    return emulator::call([&](emulator::Device &own) {
        if (stream == nullptr || own.stream(stream) == nullptr)
            return cudaErrorInvalidResourceHandle;
        if (!stream->captured)
            return cudaErrorIllegalState;
        *graph = stream->captured.release();
        return cudaSuccess;
    });
}

inline cudaError_t cudaGraphInstantiate(cudaGraphExec_t *copy, cudaGraph_t graph,
                                        unsigned long long = 0) {
    return emulator::call([&](emulator::Device &) {
        *copy = new emulator::GraphCopy{graph->operations};
        return cudaSuccess;
    });
}

inline cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

inline cudaError_t cudaGraphExecDestroy(cudaGraphExec_t copy) {
    return emulator::call([&](emulator::Device &own) {
        own.finish(); // as it may run still
        delete copy;
        return cudaSuccess;
    });
}

inline cudaError_t cudaGraphLaunch(cudaGraphExec_t copy, cudaStream_t stream) {
    return emulator::call([&](emulator::Device &own) {
        emulator::Stream *const found = own.stream(stream);
        if (found == nullptr)
            return cudaErrorInvalidResourceHandle;
        own.enqueue(*found, [copy] {
            for (const emulator::Operation &operation : copy->operations)
                operation();
        });
        return cudaSuccess;
    });
}
