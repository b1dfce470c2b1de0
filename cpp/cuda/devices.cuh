// The devices of the machine, and whether the plugin runs on them.

#pragma once

#include "cuda/failure.cuh"

#include <algorithm>

namespace deepgen::cuda {

// Kernels are compiled for this compute capability and what came after it.
constexpr int oldest_major = 8;

// CUDA's way to write a version: 1000 major + 10 minor.
inline std::string version_text(int version) {
    return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

// The runtime itself reports the same error where there is no driver and where it is too old.
inline void require_driver() {
    int driver = 0, runtime = 0;
    check(cudaDriverGetVersion(&driver), "version of the driver");
    check(cudaRuntimeGetVersion(&runtime), "version of the runtime");
    if (driver == 0)
        throw Failure{DEEPGEN_NO_DRIVER, "the library libcuda is not there"};
    // Minor versions of one major version run each other's code.
    if (driver / 1000 < runtime / 1000)
        throw Failure{DEEPGEN_OLD_DRIVER, "it knows CUDA " + version_text(driver) +
                                              ", the plugin was built with CUDA " +
                                              version_text(runtime)};
}

inline std::int32_t n_devices(DeepgenStatus *status) {
    int n = -1;
    const std::int32_t failed = guarded(status, [&] {
        require_driver();
        check(cudaGetDeviceCount(&n), "number of devices");
    });
    return failed ? -1 : n;
}

inline std::int32_t describe(std::int32_t device, DeepgenDeviceInfo *info, DeepgenStatus *status) {
    return guarded(status, [&] {
        require_driver();
        cudaDeviceProp properties{};
        check(cudaGetDeviceProperties(&properties, device), "properties of the device");
        *info = {};
        std::copy_n(properties.name, sizeof info->name - 1, info->name);
        info->major = properties.major;
        info->minor = properties.minor;
        info->n_multiprocessors = properties.multiProcessorCount;
        check(cudaDriverGetVersion(&info->driver), "version of the driver");
        check(cudaRuntimeGetVersion(&info->runtime), "version of the runtime");
        info->memory = static_cast<std::int64_t>(properties.totalGlobalMem);
        if (properties.major < oldest_major)
            throw Failure{DEEPGEN_OLD_DEVICE, std::string(properties.name) +
                                                  " has compute capability " +
                                                  std::to_string(properties.major) + '.' +
                                                  std::to_string(properties.minor)};
        std::size_t free = 0, total = 0;
        check(cudaSetDevice(device), "choice of the device");
        check(cudaMemGetInfo(&free, &total), "free memory");
        info->free_memory = static_cast<std::int64_t>(free);
    });
}

} // namespace deepgen::cuda
