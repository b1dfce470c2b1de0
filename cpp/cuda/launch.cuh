// How a kernel is launched, where a block's dynamic shared memory lies, and how often a loop is
// unrolled: for nvcc, and for the emulator of the tests, whose cuda_runtime.h defines
// DEEPGEN_ON_HOST.

#pragma once

#include <cuda_runtime.h>

#include <cstddef>

// Before a loop whose chain waits for memory: so many reads are on their way at once.
#if defined(DEEPGEN_ON_HOST)
#define DEEPGEN_UNROLL(n)
#else
#define DEEPGEN_PRAGMA(text) _Pragma(#text)
#define DEEPGEN_UNROLL(n) DEEPGEN_PRAGMA(unroll n)
#endif

namespace deepgen::cuda {

// The arguments become the kernel's parameters by the conversions of a call.
template <class... P, class... A>
cudaError_t launch(void (*kernel)(P...), dim3 grid, dim3 block, std::size_t shared_bytes,
                   cudaStream_t stream, A... arguments) {
    const cudaLaunchConfig_t config{grid, block, shared_bytes, stream, nullptr, 0};
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

#if defined(DEEPGEN_ON_HOST)
template <class T>
T *dynamic_shared() {
    return static_cast<T *>(emulator::dynamic_shared());
}
#else
template <class T>
__device__ __forceinline__ T *dynamic_shared() {
    extern __shared__ __align__(16) unsigned char shared_memory[];
    return reinterpret_cast<T *>(shared_memory);
}
#endif

} // namespace deepgen::cuda
