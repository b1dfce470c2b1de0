// Products whose factors are rounded to bfloat16 (8 bits of mantissa) on their way into the
// registers; sums, and everything in memory, stay float32.
//
//   sum[i, j] += bf16(a[i, k]) bf16(b[k, j]) + bf16(a[i, k + 1]) bf16(b[k + 1, j])
//
// One instruction does two depths at once, so the peak doubles; it flushes denormals and rounds to
// the nearest even number. Rounding on the fly costs a conversion for each register, and no second
// copy of any matrix has to be kept in step with the first.
//
// Intel (2018), BFLOAT16 - Hardware numerics definition. Kalamkar et al. (2019), A study of
// BFLOAT16 for deep learning training: float32 weights and sums keep the accuracy of float32.

#pragma once

#include "engine/kernels/product.hpp"

namespace deepgen::DEEPGEN_PATH {

using Pairs = __m512bh; // 16 pairs of neighbours in depth

// Two rows of 16 numbers, as pairs of the same column.
DEEPGEN_INLINE Pairs pairs_of(__m512 first, __m512 second) {
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return reinterpret_cast<Pairs>(_mm512_permutexvar_epi16(
        order, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first))));
}

// A part of the depth of both factors of an outer product, as pairs: all of it lies in the
// nearest cache.
struct PairBlock {
    static constexpr Index depth = 128, columns = 64;

    // Pairs of neighbouring rows of x (rows, width), at most (depth, columns).
    PairBlock(const float *x, Index stride, Index rows, Index width) : n_pairs((rows + 1) / 2) {
        for (Index k = 0; k < rows; k += 2, x += 2 * stride)
            for (Index j = 0; j < width; j += 16) {
                const auto there =
                    static_cast<__mmask16>((1u << std::min<Index>(16, width - j)) - 1u);
                const __m512 second = k + 1 < rows ? _mm512_maskz_loadu_ps(there, x + stride + j)
                                                   : _mm512_setzero_ps();
                const Pairs pairs = pairs_of(_mm512_maskz_loadu_ps(there, x + j), second);
                std::memcpy(values + k / 2 * columns + j, &pairs, sizeof pairs);
            }
    }

    Index n_pairs;
    alignas(cache_line) float values[depth / 2 * columns]; // two bfloat16 in each
};

// The arithmetic of a tile whose factors are rounded. By columns, a and b come as blocks of pairs
// and depth counts pairs.
struct Bfloat16 {
    // sum += a b
    template <class T, Index Height, Index Vectors, bool by_rows>
    static DEEPGEN_INLINE void multiply_add(const Tile<T> &t, Simd<T> (&sum)[Height][Vectors]) {
        using V = Simd<T>;
        const auto add = [&](const T *a, const T *b, bool two) {
            // b: two rows interleaved to pairs, the second one zero where depth is odd.
            Pairs row[Vectors];
#pragma GCC unroll 4
            for (Index j = 0; j < Vectors; ++j) {
                const T *const at = b + j * V::lanes;
                if constexpr (by_rows)
                    row[j] = pairs_of(V::load(at).v, two ? __m512(V::load(at + t.b_stride).v)
                                                         : _mm512_setzero_ps());
                else
                    row[j] = reinterpret_cast<Pairs>(V::load(at).v);
            }
            // a: two neighbours of a row, read as one double so that one broadcast copies both.
#pragma GCC unroll 16
            for (Index i = 0; i < Height; ++i) {
                Pairs x;
                if constexpr (by_rows) {
                    double both;
                    std::memcpy(&both, a + i * t.a_stride, sizeof both);
                    const __m512 pair = _mm512_castpd_ps(_mm512_set1_pd(both));
                    x = _mm512_cvtne2ps_pbh(pair, pair);
                } else
                    x = reinterpret_cast<Pairs>(V(a[i]).v);
#pragma GCC unroll 4
                for (Index j = 0; j < Vectors; ++j)
                    sum[i][j] = _mm512_dpbf16_ps(sum[i][j].v, x, row[j]);
            }
        };
        constexpr Index step = by_rows ? 2 : 1;
        const T *a = t.a;
        const T *b = t.b;
        Index k = 0;
        for (; k + step <= t.depth;
             k += step, a += by_rows ? step : t.a_stride, b += step * t.b_stride)
            add(a, b, true);
        if (k < t.depth)
            add(a, b, false);
    }
};

} // namespace deepgen::DEEPGEN_PATH
