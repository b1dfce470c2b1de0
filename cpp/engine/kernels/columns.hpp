// Passes over a block of samples that lies in the nearest cache: sums by column, elementwise steps,
// dropout masks and the two halves of batch norm. Loops run along the columns, so every column
// keeps its own order.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

#include <algorithm>

namespace deepgen::DEEPGEN_PATH {

// Calls work.template operator()<n>(j) for columns j on, n registers of them: `most` side by side,
// which hide each other's latency or share what is loaded, then half of that and so on. Each column
// keeps its order.
template <class T, Index most, class Work>
DEEPGEN_INLINE void for_each_columns(Index width, Work work, Index j = 0) {
    constexpr Index columns = most * Simd<T>::lanes;
    for (; j + columns <= padded<T>(width); j += columns)
        work.template operator()<most>(j);
    if constexpr (most > 1)
        for_each_columns<T, most / 2>(width, work, j);
}

// Four chains hide the latency of addition; they are joined in one fixed order.
template <class T>
void column_sums(Rows<const T> x, T *sums) {
    using V = Simd<T>;
    for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
        V chain[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
        Index i = 0;
        for (; i + 4 <= x.rows; i += 4)
            for (Index c = 0; c < 4; ++c)
                chain[c] += V::load(x.data + (i + c) * x.stride + j);
        for (; i < x.rows; ++i)
            chain[0] += V::load(x.data + i * x.stride + j);
        ((chain[0] + chain[1]) + (chain[2] + chain[3])).store(sums + j);
    }
}

// Sums over the rows of x times a factor, `most` registers of columns side by side. factor(i)
// returns that of row i, a function of the column.
template <class T, Index most, class Factor>
DEEPGEN_INLINE void factored_sums(Rows<const T> x, Factor factor, T *sums) {
    using V = Simd<T>;
    for_each_columns<T, most>(x.width, [&]<Index n>(Index j) {
        V sum[n];
#pragma GCC unroll 8
        for (Index c = 0; c < n; ++c)
            sum[c] = V(T(0));
        for (Index i = 0; i < x.rows; ++i) {
            const auto factor_at = factor(i);
#pragma GCC unroll 8
            for (Index c = 0; c < n; ++c)
                sum[c] = fmadd(factor_at(j + c * V::lanes),
                               V::load(x.data + i * x.stride + j + c * V::lanes), sum[c]);
        }
#pragma GCC unroll 8
        for (Index c = 0; c < n; ++c)
            sum[c].store(sums + j + c * V::lanes);
    });
}

template <class T>
void weighted_sums(Rows<const T> x, const T *weights, Index weight_stride, T *sums) {
    factored_sums<T, 8>(
        x,
        [&](Index i) {
            const Simd<T> weight(weights[i * weight_stride]);
            return [weight](Index) { return weight; };
        },
        sums);
}

template <class T>
void add(Rows<const T> from, T *to, Index to_stride) {
    for (Index i = 0; i < from.rows; ++i)
        for (Index j = 0; j < padded<T>(from.width); j += Simd<T>::lanes) {
            T *const target = to + i * to_stride + j;
            (Simd<T>::load(target) + Simd<T>::load(from.data + i * from.stride + j)).store(target);
        }
}

template <class T>
void product_sums(Rows<const T> x, const T *y, Index y_stride, T *sums) {
    factored_sums<T, 4>(
        x,
        [&](Index i) {
            const T *const row = y + i * y_stride;
            return [row](Index column) { return Simd<T>::load(row + column); };
        },
        sums);
}

template <class T>
void multiply_into(Rows<const T> from, const T *factor, T *to, Index to_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < from.rows; ++i)
        for (Index j = 0; j < padded<T>(from.width); j += V::lanes)
            (V::load(from.data + i * from.stride + j) * V::load(factor + j))
                .store(to + i * to_stride + j);
}

// A 32-bit hash of (key of the row, unit): two rounds of multiply and shift (Wellons 2018,
// lowbias32), the second half of the key between them. Padding stays zero, kept or not.
template <class T>
void dropout(Rows<T> x, const DropoutKey *keys, std::uint32_t threshold, T scale) {
    using V = Simd<T>;
    typename V::Words places;
    for (Index c = 0; c < V::lanes; ++c)
        places[c] = static_cast<std::uint32_t>(c) * 0x9e3779b9u;
    constexpr std::uint32_t step = static_cast<std::uint32_t>(V::lanes) * 0x9e3779b9u;
    for (Index i = 0; i < x.rows; ++i) {
        const DropoutKey key = keys[i];
        T *const row = x.data + i * x.stride;
        typename V::Words counter = places + key.low;
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes, counter += step) {
            typename V::Words hash = counter;
            hash ^= hash >> 16;
            hash *= 0x7feb352du;
            hash ^= key.high;
            hash ^= hash >> 15;
            hash *= 0x846ca68bu;
            hash ^= hash >> 16;
            const typename V::Mask kept =
                __builtin_convertvector(hash >= threshold, typename V::Mask);
            select(kept, V::load(row + j) * V(scale), V(T(0))).store(row + j);
        }
    }
}

template <class T>
DEEPGEN_INLINE void store_as_double(Simd<T> x, double *to) {
    if constexpr (sizeof(T) == 8)
        x.store(to);
    else {
        // By halves: a vector of doubles longer than a register goes through memory.
        using Wide = Register<double>::Lanes;
        typename Register<T>::Half halves[2];
        std::memcpy(halves, &x.v, register_bytes);
        for (Index half = 0; half < 2; ++half) {
            const auto wide = __builtin_convertvector(halves[half], Wide);
            std::memcpy(to + half * Simd<double>::lanes, &wide, register_bytes);
        }
    }
}

// Distances are taken from the block's first row, so that a large common mean costs no digits.
template <class T>
void moments(Rows<const T> x, double *sums, double *squares) {
    using V = Simd<T>;
    const double count = static_cast<double>(x.rows);
    const V share(static_cast<T>(1.0 / count));
    for_each_columns<T, 4>(x.width, [&]<Index n>(Index j) {
        V base[n], sum[n], square[n];
#pragma GCC unroll 4
        for (Index c = 0; c < n; ++c) {
            base[c] = V::load(x.data + j + c * V::lanes);
            sum[c] = square[c] = V(T(0));
        }
        for (Index i = 0; i < x.rows; ++i)
#pragma GCC unroll 4
            for (Index c = 0; c < n; ++c)
                sum[c] += V::load(x.data + i * x.stride + j + c * V::lanes) - base[c];
        V mean[n];
#pragma GCC unroll 4
        for (Index c = 0; c < n; ++c)
            mean[c] = sum[c] * share;
        for (Index i = 0; i < x.rows; ++i)
#pragma GCC unroll 4
            for (Index c = 0; c < n; ++c) {
                const V apart =
                    V::load(x.data + i * x.stride + j + c * V::lanes) - base[c] - mean[c];
                square[c] = fmadd(apart, apart, square[c]);
            }
#pragma GCC unroll 4
        for (Index c = 0; c < n; ++c) {
            double bases[V::lanes];
            double *const to = sums + j + c * V::lanes;
            store_as_double(base[c], bases);
            store_as_double(sum[c], to);
            for (Index lane = 0; lane < V::lanes; ++lane)
                to[lane] += count * bases[lane];
            store_as_double(square[c], squares + j + c * V::lanes);
        }
    });
}

inline void column_totals(const BlockSums &blocks, double *totals) {
    std::fill_n(totals, blocks.width, 0.0);
    for (Index block = 0; block < n_row_blocks(blocks.n_rows); ++block) {
        const double *const own = blocks.sums + block * blocks.stride;
        for (Index j = 0; j < blocks.width; ++j)
            totals[j] += own[j];
    }
}

// Chan, Golub & LeVeque (1979): squares about the common mean from squares about each block's own.
inline void join_moments(const BlockSums &blocks, const double *squares, double *mean,
                         double *variance) {
    const double n = static_cast<double>(blocks.n_rows), share_of_all = 1.0 / n;
    column_totals(blocks, mean);
    for (Index j = 0; j < blocks.width; ++j)
        mean[j] *= share_of_all;
    std::fill_n(variance, blocks.width, 0.0);
    for (Index block = 0; block < n_row_blocks(blocks.n_rows); ++block) {
        const double *const sums = blocks.sums + block * blocks.stride;
        const double *const own = squares + block * blocks.stride;
        const double count =
            static_cast<double>(std::min(row_block, blocks.n_rows - block * row_block));
        const double share = 1.0 / count;
        for (Index j = 0; j < blocks.width; ++j) {
            const double apart = sums[j] * share - mean[j];
            variance[j] += own[j] + count * apart * apart;
        }
    }
    for (Index j = 0; j < blocks.width; ++j)
        variance[j] *= share_of_all;
}

template <class T>
void inverse_roots(Index width, const double *variance, double epsilon, T *inverse_std) {
    using V = Simd<T>;
    for (Index j = 0; j < padded<T>(width); j += V::lanes) {
        T squares[V::lanes];
        for (Index c = 0; c < V::lanes; ++c)
            squares[c] = static_cast<T>(variance[j + c] + epsilon);
        (V(T(1)) / sqrt(V::load(squares))).store(inverse_std + j);
    }
}

template <class T>
void standardize_columns(Rows<T> x, const T *mean, const T *inverse_std, const T *scale,
                         const T *shift, T least, T *y, Index y_stride) {
    using V = Simd<T>;
    for_each_columns<T, 2>(x.width, [&]<Index n>(Index j) {
        V means[n], roots[n], scales[n], shifts[n];
#pragma GCC unroll 2
        for (Index c = 0; c < n; ++c) {
            means[c] = V::load(mean + j + c * V::lanes);
            roots[c] = V::load(inverse_std + j + c * V::lanes);
            scales[c] = V::load(scale + j + c * V::lanes);
            shifts[c] = V::load(shift + j + c * V::lanes);
        }
        for (Index i = 0; i < x.rows; ++i)
#pragma GCC unroll 2
            for (Index c = 0; c < n; ++c) {
                T *const at = x.data + i * x.stride + j + c * V::lanes;
                const V standard = (V::load(at) - means[c]) * roots[c];
                standard.store(at);
                const V value = fmadd(standard, scales[c], shifts[c]);
                max(V(least), value) // in this order NaN passes
                    .store(y + i * y_stride + j + c * V::lanes);
            }
    });
}

template <class T>
void scale_columns(Rows<const T> x, const T *mean, const T *factor, T *y, Index y_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes)
            ((V::load(x.data + i * x.stride + j) - V::load(mean + j)) * V::load(factor + j))
                .store(y + i * y_stride + j);
}

template <class T>
void gradient_sums(Rows<const T> dy, const T *x, Index x_stride, double *sums, double *products) {
    using V = Simd<T>;
    for_each_columns<T, 4>(dy.width, [&]<Index n>(Index j) {
        V sum[n], product[n];
#pragma GCC unroll 4
        for (Index c = 0; c < n; ++c)
            sum[c] = product[c] = V(T(0));
        for (Index i = 0; i < dy.rows; ++i)
#pragma GCC unroll 4
            for (Index c = 0; c < n; ++c) {
                const V gradient = V::load(dy.data + i * dy.stride + j + c * V::lanes);
                sum[c] += gradient;
                product[c] =
                    fmadd(gradient, V::load(x + i * x_stride + j + c * V::lanes), product[c]);
            }
#pragma GCC unroll 4
        for (Index c = 0; c < n; ++c) {
            store_as_double(sum[c], sums + j + c * V::lanes);
            store_as_double(product[c], products + j + c * V::lanes);
        }
    });
}

template <class T>
void unstandardize_columns(Rows<T> dy, const T *x, Index x_stride, const T *factor,
                           const T *mean_dy, const T *mean_dyx) {
    using V = Simd<T>;
    for_each_columns<T, 2>(dy.width, [&]<Index n>(Index j) {
        V factors[n], means[n], products[n];
#pragma GCC unroll 2
        for (Index c = 0; c < n; ++c) {
            factors[c] = V::load(factor + j + c * V::lanes);
            means[c] = V::load(mean_dy + j + c * V::lanes);
            products[c] = V::load(mean_dyx + j + c * V::lanes);
        }
        for (Index i = 0; i < dy.rows; ++i)
#pragma GCC unroll 2
            for (Index c = 0; c < n; ++c) {
                T *const at = dy.data + i * dy.stride + j + c * V::lanes;
                const V standard = V::load(x + i * x_stride + j + c * V::lanes);
                (factors[c] * fmadd(-standard, products[c], V::load(at) - means[c])).store(at);
            }
    });
}

} // namespace deepgen::DEEPGEN_PATH
