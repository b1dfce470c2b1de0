// A square of one cache line by as many rows, transposed in registers: how an updated tile of W
// reaches W^T.
//
// Within 128-bit lanes rows are zipped element by element, then whole lanes are zipped; log2(lanes)
// rounds in all.

#pragma once

#include "engine/kernels/simd.hpp"

#include <utility>

namespace deepgen::DEEPGEN_PATH {

inline constexpr Index lane_bytes = 16;

template <class T>
inline constexpr Index per_lane = lane_bytes / static_cast<Index>(sizeof(T));

// Which element of (a, b) side by side comes to position i when the low or high halves are zipped,
// either of each 128-bit lane by elements or of the register by lanes.
template <class T, bool high>
constexpr Index zipped_element(Index i) {
    const Index lane = i / per_lane<T>;
    const Index within = i % per_lane<T> + (high ? per_lane<T> : 0);
    return within % 2 * Simd<T>::lanes + lane * per_lane<T> + within / 2;
}
template <class T, bool high>
constexpr Index zipped_lane(Index i) {
    constexpr Index n_lanes = register_bytes / lane_bytes;
    const Index lane = i / per_lane<T> + (high ? n_lanes : 0);
    return lane % 2 * Simd<T>::lanes + lane / 2 * per_lane<T> + i % per_lane<T>;
}

template <class T, bool high, std::size_t... I>
DEEPGEN_INLINE Simd<T> zip_elements(Simd<T> a, Simd<T> b, std::index_sequence<I...>) {
    return shuffle<zipped_element<T, high>(static_cast<Index>(I))...>(a, b);
}
template <class T, bool high, std::size_t... I>
DEEPGEN_INLINE Simd<T> zip_lanes(Simd<T> a, Simd<T> b, std::index_sequence<I...>) {
    return shuffle<zipped_lane<T, high>(static_cast<Index>(I))...>(a, b);
}

// One round over `n` registers, `apart` registers between the first of each group's elements: pairs
// (i, i + n/2).
template <class T, bool by_lane, Index n, Index apart>
DEEPGEN_INLINE void zip_round(Simd<T> *x) {
    constexpr auto all = std::make_index_sequence<static_cast<std::size_t>(Simd<T>::lanes)>{};
    Simd<T> zipped[n];
#pragma GCC unroll 8
    for (Index i = 0; i < n / 2; ++i) {
        const Simd<T> a = x[i * apart], b = x[(i + n / 2) * apart];
        if constexpr (by_lane) {
            zipped[2 * i] = zip_lanes<T, false>(a, b, all);
            zipped[2 * i + 1] = zip_lanes<T, true>(a, b, all);
        } else {
            zipped[2 * i] = zip_elements<T, false>(a, b, all);
            zipped[2 * i + 1] = zip_elements<T, true>(a, b, all);
        }
    }
#pragma GCC unroll 16
    for (Index i = 0; i < n; ++i)
        x[i * apart] = zipped[i];
}

// Registers x[0..lanes) as rows of a square become its columns.
template <class T>
DEEPGEN_INLINE void transpose_registers(Simd<T> *x) {
    constexpr Index n_lanes = register_bytes / lane_bytes;
#pragma GCC unroll 4
    for (Index group = 0; group < n_lanes; ++group)
#pragma GCC unroll 4
        for (Index round = 1; round < per_lane<T>; round *= 2)
            zip_round<T, false, per_lane<T>, 1>(x + group * per_lane<T>);
    // x[group * per_lane + c] now holds, in lane j, rows of `group` and column j * per_lane + c.
#pragma GCC unroll 4
    for (Index c = 0; c < per_lane<T>; ++c)
#pragma GCC unroll 4
        for (Index round = 1; round < n_lanes; round *= 2)
            zip_round<T, true, n_lanes, per_lane<T>>(x + c);
}

// Lane i: the sum of the lanes of register i. The registers are used up.
template <class T>
DEEPGEN_INLINE Simd<T> lane_sums(Simd<T> *x) {
    transpose_registers<T>(x);
#pragma GCC unroll 4
    for (Index half = Simd<T>::lanes / 2; half > 0; half /= 2)
#pragma GCC unroll 8
        for (Index i = 0; i < half; ++i)
            x[i] += x[i + half];
    return x[0];
}

template <class T>
void transpose(const T *from, Index from_stride, T *to, Index to_stride) {
    constexpr Index lanes = Simd<T>::lanes;
    for (Index i = 0; i < lane_pad<T>; i += lanes)
        for (Index j = 0; j < lane_pad<T>; j += lanes) {
            Simd<T> x[lanes];
#pragma GCC unroll 16
            for (Index r = 0; r < lanes; ++r)
                x[r] = Simd<T>::load(from + (i + r) * from_stride + j);
            transpose_registers<T>(x);
#pragma GCC unroll 16
            for (Index r = 0; r < lanes; ++r)
                x[r].store(to + (j + r) * to_stride + i);
        }
}

} // namespace deepgen::DEEPGEN_PATH
