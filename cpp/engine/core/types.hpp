// The vocabulary of the engine: sizes, padding and aligned storage. Views never own.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <type_traits>
#include <vector>

namespace deepgen {

using Index = std::ptrdiff_t;

inline constexpr double infinity = std::numeric_limits<double>::infinity();

inline constexpr Index cache_line = 64; // bytes

// Sums over rows go over blocks of this many rows, combined in order: the bits do not depend on who
// took which.
inline constexpr Index row_block = 16;

[[nodiscard]] constexpr Index n_row_blocks(Index rows) {
    return (rows + row_block - 1) / row_block;
}

// Features are padded to whole cache lines, so that no kernel meets a column tail.
template <class T>
inline constexpr Index lane_pad = cache_line / static_cast<Index>(sizeof(T));

template <class T>
[[nodiscard]] constexpr Index padded(Index width) {
    return (width + lane_pad<T> - 1) / lane_pad<T> * lane_pad<T>;
}

// The distance between rows: an odd number of cache lines, or columns of equal features would fall
// into the same few sets of the cache.
template <class T>
[[nodiscard]] constexpr Index row_stride(Index width) {
    const Index lines = padded<T>(width) / lane_pad<T>;
    return (lines % 2 == 0 ? lines + 1 : lines) * lane_pad<T>;
}

template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U> &) {}
    T *allocate(std::size_t n) {
        return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t{cache_line}));
    }
    void deallocate(T *p, std::size_t) { ::operator delete(p, std::align_val_t{cache_line}); }
    bool operator==(const AlignedAllocator &) const = default;
};

// Zero-initialised storage on cache lines.
template <class T>
using Buffer = std::vector<T, AlignedAllocator<T>>;

template <class T>
[[nodiscard]] constexpr std::size_t as_size(T n) {
    return static_cast<std::size_t>(n);
}

} // namespace deepgen
