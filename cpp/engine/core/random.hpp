// Counter-based random numbers: the i-th number of a stream is a function of (key, i), so that
// streams never depend on who draws first, and a feature switched off leaves every other stream as
// it was.
//
//   value(key, i) = mix(key + (i + 1) G)         SplitMix64 with random access
//
// Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.

#pragma once

#include "engine/core/types.hpp"

namespace deepgen::random {

inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;

// One stream for each purpose; initial weights (purpose 0) are drawn in Python.
enum class Purpose : std::uint64_t {
    shuffle = 1,
    dropout = 2,
    mixup = 3,
    perturbation = 4,
    augmentation = 7, // 6 splits off the validation rows, in Python; 5 is free
    line = 8,
    branches = 9,
    fisher = 10
};

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

[[nodiscard]] constexpr std::uint64_t stream(std::uint64_t seed, Purpose purpose) {
    return mix(mix(seed + golden) + static_cast<std::uint64_t>(purpose) * golden);
}

[[nodiscard]] constexpr std::uint64_t child(std::uint64_t key, std::uint64_t number) {
    return mix(key ^ mix(number + golden));
}

[[nodiscard]] constexpr std::uint64_t value(std::uint64_t key, std::uint64_t i) {
    return mix(key + (i + 1) * golden);
}

// A number in [0, 1).
[[nodiscard]] constexpr double fraction(std::uint64_t key, std::uint64_t i) {
    return static_cast<double>(value(key, i) >> 11) * 0x1p-53;
}

// A whole number in [0, bound), by the high half of the 128-bit product (Lemire 2019).
[[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound, std::uint64_t key,
                                            std::uint64_t i) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(value(key, i)) * bound) >> 64);
}

} // namespace deepgen::random
