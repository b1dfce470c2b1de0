// What went wrong on a device, as the ABI says it.

#pragma once

#include "cuda/launch.cuh"
#include "engine/devices/abi.h"

#include <cstdio>
#include <string>

namespace deepgen::cuda {

struct Failure {
    DeepgenReason reason;
    std::string detail;
};

inline DeepgenReason reason_of(cudaError_t error) {
    switch (error) {
    case cudaErrorStubLibrary:
        return DEEPGEN_NO_DRIVER;
    case cudaErrorInsufficientDriver:    // also where there is none: devices.cuh tells them apart
    case cudaErrorUnsupportedPtxVersion: // made by a newer toolkit than the driver knows
        return DEEPGEN_OLD_DRIVER;
    case cudaErrorNoDevice:
        return DEEPGEN_NO_DEVICE;
    case cudaErrorNoKernelImageForDevice:
        return DEEPGEN_OLD_DEVICE;
    case cudaErrorMemoryAllocation:
        return DEEPGEN_NO_MEMORY;
    default:
        return DEEPGEN_FAILED;
    }
}

inline void check(cudaError_t error, const char *what) {
    if (error == cudaSuccess)
        return;
    (void)cudaGetLastError(); // it would come again
    throw Failure{reason_of(error), std::string(what) + ": " + cudaGetErrorString(error)};
}

// Runs `work`; 0, or -1 with the reason.
template <class Work>
std::int32_t guarded(DeepgenStatus *status, Work work) {
    try {
        work();
        *status = {DEEPGEN_DONE, {}};
        return 0;
    } catch (const Failure &failure) {
        status->reason = failure.reason;
        std::snprintf(status->detail, sizeof status->detail, "%s", failure.detail.c_str());
    } catch (const std::exception &error) { // the host's own memory
        status->reason = DEEPGEN_FAILED;
        std::snprintf(status->detail, sizeof status->detail, "%s", error.what());
    }
    return -1;
}

} // namespace deepgen::cuda
