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
    fisher = 10,
    members = 11
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

// The high half of the 128-bit product, by products of 32-bit halves.
[[nodiscard]] constexpr std::uint64_t high_product_by_halves(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t low = 0xffffffffu;
    const std::uint64_t middle = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
    const std::uint64_t other = (a & low) * (b >> 32) + (middle & low);
    return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

[[nodiscard]] constexpr std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
#if defined(__SIZEOF_INT128__)
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
#else
    return high_product_by_halves(a, b);
#endif
}

static_assert([] {
    bool same = high_product_by_halves(~std::uint64_t{0}, ~std::uint64_t{0}) == ~std::uint64_t{1};
    for (std::uint64_t i = 0; i < 64; ++i)
        same &= high_product(value(i, 0), value(i, 1)) ==
                high_product_by_halves(value(i, 0), value(i, 1));
    return same;
}());

// A whole number in [0, bound), by the high half of the product (Lemire 2019).
[[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound, std::uint64_t key,
                                            std::uint64_t i) {
    return high_product(value(key, i), bound);
}

} // namespace deepgen::random
