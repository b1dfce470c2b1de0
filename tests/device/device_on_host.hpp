// CUDA for an ordinary C++ compiler: the language of kernels and the functions of the runtime that
// the plugin calls, so that its unchanged source runs on the CPU, for tests.
//
// A thread of a block is a stack that runs until it meets others (emulator/block.hpp). Memory that
// nothing was written to is NaN, in shared memory before each block. The environment sets, at any
// time,
//   DEEPGEN_EMULATED_ORDER   rising, falling or shuffled turns of a block's threads
//   DEEPGEN_EMULATED_MEMORY  how many bytes the device has
//   DEEPGEN_EMULATED_FAULT   no_driver, old_driver, no_device, old_device or launch
// Build with -fvisibility=hidden: two modules in one process are then two devices.

#pragma once

#define DEEPGEN_ON_HOST

#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__ static thread_local
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

#include "emulator/runtime.hpp"

#include <cmath>
#include <concepts>
#include <math.h>
#include <type_traits>

#define threadIdx (emulator::thread_index())
#define blockIdx (emulator::here->block_index())
#define blockDim (emulator::here->task().block)
#define gridDim (emulator::here->task().grid)

inline constexpr int warpSize = emulator::warp_size;

namespace emulator {

inline const uint3 &thread_index() {
    return here->now().index;
}

inline void *dynamic_shared() {
    return here->dynamic_shared();
}

EMULATOR_UNSEEN inline unsigned lane() {
    return here->now().rank % warp_size;
}

// The value that another lane gives.
template <class T>
EMULATOR_UNSEEN T shuffle(unsigned mask, T value, unsigned from, const Place &place) {
    static_assert(std::is_arithmetic_v<T> && sizeof(T) <= sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    here->meet_warp(mask, bits, from, place);
    std::memcpy(&value, &here->now().gets, sizeof value);
    return value;
}

} // namespace emulator

inline void __syncthreads(emulator::Place place = emulator::Place::current()) {
    emulator::here->meet_block(place);
}

inline void __syncwarp(unsigned mask = 0xffffffffu,
                       emulator::Place place = emulator::Place::current()) {
    emulator::here->sync_warp(mask, place);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int from,
              emulator::Place place = emulator::Place::current()) {
    return emulator::shuffle(mask, value, static_cast<unsigned>(from) % emulator::warp_size, place);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes,
                  emulator::Place place = emulator::Place::current()) {
    return emulator::shuffle(mask, value, emulator::lane() ^ static_cast<unsigned>(lanes), place);
}

// A lane with nothing that far above it keeps its own value.
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by,
                   emulator::Place place = emulator::Place::current()) {
    const unsigned lane = emulator::lane();
    return emulator::shuffle(mask, value, lane + by < emulator::warp_size ? lane + by : lane,
                             place);
}

EMULATOR_UNSEEN inline unsigned __ballot_sync(unsigned mask, bool vote,
                                              emulator::Place place = emulator::Place::current()) {
    emulator::here->meet_warp(mask, vote, emulator::lane(), place);
    return emulator::here->now().ballot;
}

// CUDA has them without a namespace; of a number and NaN they are the number.
template <std::integral T>
constexpr T min(T a, T b) {
    return b < a ? b : a;
}
template <std::integral T>
constexpr T max(T a, T b) {
    return a < b ? b : a;
}
template <std::floating_point T>
T min(T a, T b) {
    return std::fmin(a, b);
}
template <std::floating_point T>
T max(T a, T b) {
    return std::fmax(a, b);
}
