// Sums along rows that lie in the nearest cache, and the two halves of layer norm.
//
//   x = (z - mean(z)) / sqrt(var(z) + epsilon),   y = scale x + shift
//   dz = (q - mean(q) - x mean(q x)) / sqrt(var(z) + epsilon),   q = dy scale
//
// As many rows as a register has lanes go side by side, so that one division, one root and one sum
// across lanes serve them all; a row's numbers do not depend on its neighbours.
//
// Ba, Kiros & Hinton (2016), Layer normalization, eq. (4).

#pragma once

#include "engine/kernels/transpose.hpp"
#include "engine/kernels/views.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::DEEPGEN_PATH {

// The sum of f over the first `width` places of a row: whole registers in four chains, then what is
// left.
template <class T, class Function>
DEEPGEN_INLINE double row_sum(Index width, Function f) {
    using V = Simd<T>;
    V chain[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
    Index j = 0;
    for (; j + 4 * V::lanes <= width; j += 4 * V::lanes)
#pragma GCC unroll 4
        for (Index c = 0; c < 4; ++c)
            chain[c] += f(j + c * V::lanes);
    for (; j + V::lanes <= width; j += V::lanes)
        chain[0] += f(j);
    double total = ((chain[0] + chain[1]) + (chain[2] + chain[3])).sum();
    if (j < width) {
        const V rest = f(j); // rows are padded, so a whole register may be read
        for (Index c = 0; c < width - j; ++c)
            total += static_cast<double>(rest.v[c]);
    }
    return total;
}

// Lane i: the sum of f(i, j) over the first `width` places of row i.
template <class T, class Function>
DEEPGEN_INLINE Simd<T> sums_of_rows(Index width, Function f) {
    using V = Simd<T>;
    const Index whole = width / V::lanes * V::lanes;
    T kept[V::lanes]; // of the register that the width ends in; rows are padded
    for (Index lane = 0; lane < V::lanes; ++lane)
        kept[lane] = lane < width - whole ? T(1) : T(0);
    const auto rest = V::load(kept) > V(T(0));
    V sums[V::lanes];
#pragma GCC unroll 16
    for (Index i = 0; i < V::lanes; ++i)
        sums[i] = V(T(0));
    for (Index j = 0; j < whole; j += V::lanes)
#pragma GCC unroll 16
        for (Index i = 0; i < V::lanes; ++i)
            sums[i] += f(i, j);
    if (whole < width)
#pragma GCC unroll 16
        for (Index i = 0; i < V::lanes; ++i)
            sums[i] += select(rest, f(i, whole), V(T(0)));
    return lane_sums<T>(sums);
}

// The first `n` of rows side by side; past them the last one is taken again, and nothing is stored.
template <class Pointer, std::size_t size>
DEEPGEN_INLINE void point_at_rows(Pointer (&rows)[size], Pointer data, Index stride, Index n) {
    for (std::size_t i = 0; i < size; ++i)
        rows[i] = data + std::min(static_cast<Index>(i), n - 1) * stride;
}

// 1 / std of a row whose squares overflow: they are taken of the values over the largest one.
template <class T>
T inverse_std_of_large(const T *row, Index width, T mean) {
    T largest = 0, sum = 0;
    for (Index j = 0; j < width; ++j)
        largest = std::max(largest, std::abs(row[j] - mean));
    for (Index j = 0; j < width; ++j) {
        const T ratio = (row[j] - mean) / largest;
        sum += ratio * ratio;
    }
    return T(1) / std::sqrt(sum / static_cast<T>(width)) / largest;
}

template <class T>
void standardize_rows(Rows<T> x, double epsilon, const T *scale, const T *shift, T least,
                      T *inverse_std, T *y, Index y_stride) {
    using V = Simd<T>;
    const V width(static_cast<T>(x.width));
    for (Index first = 0; first < x.rows; first += V::lanes) {
        const Index n = std::min(V::lanes, x.rows - first);
        T *rows[V::lanes];
        point_at_rows(rows, x.data + first * x.stride, x.stride, n);
        T means[V::lanes], roots[V::lanes];
        // A division: the mean of equal numbers has to be that number.
        (sums_of_rows<T>(x.width, [&](Index i, Index j) { return V::load(rows[i] + j); }) / width)
            .store(means);
        const V squares = sums_of_rows<T>(x.width, [&](Index i, Index j) {
            const V apart = V::load(rows[i] + j) - V(means[i]);
            return apart * apart;
        });
        (V(T(1)) / sqrt(squares / width + V(static_cast<T>(epsilon)))).store(roots);
        for (Index i = 0; i < n; ++i)
            if (roots[i] == 0) [[unlikely]]
                roots[i] = inverse_std_of_large(rows[i], x.width, means[i]);
        std::copy_n(roots, n, inverse_std + first);
        for (Index i = 0; i < n; ++i) {
            T *const row = rows[i], *const to = y + (first + i) * y_stride;
            const V mean(means[i]), root(roots[i]);
            for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
                const V standard = (V::load(row + j) - mean) * root;
                standard.store(row + j);
                const V value = fmadd(standard, V::load(scale + j), V::load(shift + j));
                max(V(least), value).store(to + j); // in this order NaN passes
            }
            for (Index j = x.width; j < padded<T>(x.width); ++j)
                row[j] = 0; // of y the padding is zero by itself: its scale and shift are
        }
    }
}

template <class T>
void unstandardize_rows(Rows<T> dy, const T *x, Index x_stride, const T *scale,
                        const T *inverse_std) {
    using V = Simd<T>;
    constexpr Index half = V::lanes / 2; // both sums of so many rows share a register
    const V width(static_cast<T>(dy.width));
    for (Index first = 0; first < dy.rows; first += half) {
        const Index n = std::min(half, dy.rows - first);
        T *rows[half];
        const T *standards[half];
        point_at_rows(rows, dy.data + first * dy.stride, dy.stride, n);
        point_at_rows(standards, x + first * x_stride, x_stride, n);
        T means[V::lanes]; // of q, then of q x
        const V sums = sums_of_rows<T>(dy.width, [&](Index i, Index j) {
            const V q = V::load(rows[i % half] + j) * V::load(scale + j);
            return i < half ? q : q * V::load(standards[i - half] + j);
        });
        (sums / width).store(means);
        for (Index i = 0; i < n; ++i) {
            T *const row = rows[i];
            const T *const standard = standards[i];
            const V mean(means[i]), mean_product(means[half + i]), root(inverse_std[first + i]);
            for (Index j = 0; j < padded<T>(dy.width); j += V::lanes) {
                const V centred = V::load(row + j) * V::load(scale + j) - mean;
                (root * fmadd(-V::load(standard + j), mean_product, centred)).store(row + j);
            }
            for (Index j = dy.width; j < padded<T>(dy.width); ++j)
                row[j] = 0;
        }
    }
}

} // namespace deepgen::DEEPGEN_PATH
