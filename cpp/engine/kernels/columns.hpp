// Passes over a block of samples that lies in the nearest cache: sums by column, elementwise steps,
// dropout masks and the two halves of batch and layer norm. Loops run along the columns, so every
// column keeps its own order.

#pragma once

#include "engine/kernels/kernels.hpp"
#include "engine/kernels/simd.hpp"

#include <algorithm>

namespace deepgen::DEEPGEN_PATH {

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

template <class T>
void add(Rows<const T> from, T *to, Index to_stride) {
    for (Index i = 0; i < from.rows; ++i)
        for (Index j = 0; j < padded<T>(from.width); j += Simd<T>::lanes) {
            T *const target = to + i * to_stride + j;
            (Simd<T>::load(target) + Simd<T>::load(from.data + i * from.stride + j)).store(target);
        }
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
    T lanes[Simd<T>::lanes];
    x.store(lanes);
    for (Index i = 0; i < Simd<T>::lanes; ++i)
        to[i] = static_cast<double>(lanes[i]);
}

// Distances are taken from the block's first row, so that a large common mean costs no digits.
template <class T>
void moments(Rows<const T> x, double *sums, double *squares) {
    using V = Simd<T>;
    const double count = static_cast<double>(x.rows);
    const V share(static_cast<T>(1.0 / count));
    for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
        const V base = V::load(x.data + j);
        V sum(T(0)), square(T(0));
        for (Index i = 0; i < x.rows; ++i)
            sum += V::load(x.data + i * x.stride + j) - base;
        const V mean = sum * share;
        for (Index i = 0; i < x.rows; ++i) {
            const V apart = V::load(x.data + i * x.stride + j) - base - mean;
            square = fmadd(apart, apart, square);
        }
        double bases[V::lanes];
        store_as_double(base, bases);
        store_as_double(sum, sums + j);
        for (Index c = 0; c < V::lanes; ++c)
            sums[j + c] += count * bases[c];
        store_as_double(square, squares + j);
    }
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
                         const T *shift, T *y, Index y_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
            T *const at = x.data + i * x.stride + j;
            const V standard = (V::load(at) - V::load(mean + j)) * V::load(inverse_std + j);
            standard.store(at);
            fmadd(standard, V::load(scale + j), V::load(shift + j)).store(y + i * y_stride + j);
        }
}

template <class T>
void scale_columns(Rows<const T> x, const T *mean, const T *factor, T *y, Index y_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes)
            ((V::load(x.data + i * x.stride + j) - V::load(mean + j)) * V::load(factor + j))
                .store(y + i * y_stride + j);
}

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

// Blocks of rows, so that one root serves as many of them as a register has lanes.
template <class T>
void standardize_rows(Rows<T> x, double epsilon, const T *scale, const T *shift, T *inverse_std,
                      T *y, Index y_stride) {
    using V = Simd<T>;
    const double share = 1.0 / static_cast<double>(x.width);
    for (Index first = 0; first < x.rows; first += row_block) {
        const Index n = std::min(row_block, x.rows - first);
        T mean[row_block];
        double variance[row_block] = {};
        for (Index i = 0; i < n; ++i) {
            const T *const row = x.data + (first + i) * x.stride;
            const V centre(static_cast<T>(
                share * row_sum<T>(x.width, [row](Index j) { return V::load(row + j); })));
            variance[i] = share * row_sum<T>(x.width, [row, centre](Index j) {
                              const V apart = V::load(row + j) - centre;
                              return apart * apart;
                          });
            mean[i] = centre.v[0];
        }
        T roots[row_block];
        inverse_roots<T>(row_block, variance, epsilon, roots);
        std::copy_n(roots, n, inverse_std + first);
        for (Index i = 0; i < n; ++i) {
            T *const row = x.data + (first + i) * x.stride;
            for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
                const V standard = (V::load(row + j) - V(mean[i])) * V(roots[i]);
                standard.store(row + j);
                fmadd(standard, V::load(scale + j), V::load(shift + j))
                    .store(y + (first + i) * y_stride + j);
            }
            for (Index j = x.width; j < padded<T>(x.width); ++j)
                row[j] = 0; // of y the padding is zero by itself: its scale and shift are
        }
    }
}

template <class T>
void gradient_sums(Rows<const T> dy, const T *x, Index x_stride, double *sums, double *products) {
    using V = Simd<T>;
    for (Index j = 0; j < padded<T>(dy.width); j += V::lanes) {
        V sum(T(0)), product(T(0));
        for (Index i = 0; i < dy.rows; ++i) {
            const V slope = V::load(dy.data + i * dy.stride + j);
            sum += slope;
            product = fmadd(slope, V::load(x + i * x_stride + j), product);
        }
        store_as_double(sum, sums + j);
        store_as_double(product, products + j);
    }
}

template <class T>
void unstandardize_columns(Rows<T> dy, const T *x, Index x_stride, const T *factor,
                           const T *mean_dy, const T *mean_dyx) {
    using V = Simd<T>;
    for (Index i = 0; i < dy.rows; ++i)
        for (Index j = 0; j < padded<T>(dy.width); j += V::lanes) {
            T *const at = dy.data + i * dy.stride + j;
            const V centred = V::load(at) - V::load(mean_dy + j);
            const V decorrelated =
                fmadd(-V::load(x + i * x_stride + j), V::load(mean_dyx + j), centred);
            (decorrelated * V::load(factor + j)).store(at);
        }
}

template <class T>
void unstandardize_rows(Rows<T> dy, const T *x, Index x_stride, const T *scale,
                        const T *inverse_std) {
    using V = Simd<T>;
    const double share = 1.0 / static_cast<double>(dy.width);
    for (Index i = 0; i < dy.rows; ++i) {
        T *const row = dy.data + i * dy.stride;
        const T *const standard = x + i * x_stride;
        const auto g = [row, scale](Index j) { return V::load(row + j) * V::load(scale + j); };
        const V mean(static_cast<T>(share * row_sum<T>(dy.width, g)));
        const V mean_product(static_cast<T>(
            share * row_sum<T>(dy.width, [&](Index j) { return g(j) * V::load(standard + j); })));
        for (Index j = 0; j < padded<T>(dy.width); j += V::lanes) {
            const V centred = g(j) - mean;
            (V(inverse_std[i]) * fmadd(-V::load(standard + j), mean_product, centred))
                .store(row + j);
        }
        for (Index j = dy.width; j < padded<T>(dy.width); ++j)
            row[j] = 0;
    }
}

} // namespace deepgen::DEEPGEN_PATH
