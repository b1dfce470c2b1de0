// Passes over a block of samples that lies in the nearest cache: sums by column, elementwise steps,
// dropout masks and the two halves of batch and layer norm. Loops run along the columns, so every
// column keeps its own order.

#pragma once

#include "engine/kernels/kernels.hpp"
#include "engine/kernels/simd.hpp"

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
// lowbias32), the second half of the key between them.
template <class T>
void dropout(Rows<T> x, const DropoutKey *keys, std::uint32_t threshold, T scale) {
    for (Index i = 0; i < x.rows; ++i) {
        const DropoutKey key = keys[i];
        T *const row = x.data + i * x.stride;
        for (Index j = 0; j < x.width; ++j) {
            std::uint32_t hash = key.low + static_cast<std::uint32_t>(j) * 0x9e3779b9u;
            hash ^= hash >> 16;
            hash *= 0x7feb352du;
            hash ^= key.high;
            hash ^= hash >> 15;
            hash *= 0x846ca68bu;
            hash ^= hash >> 16;
            row[j] = hash >= threshold ? row[j] * scale : T(0);
        }
    }
}

template <class T>
void moments(Rows<const T> x, double *sums, double *squares) {
    const double count = static_cast<double>(x.rows);
    for (Index j = 0; j < x.width; ++j)
        sums[j] = squares[j] = 0.0;
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < x.width; ++j)
            sums[j] += static_cast<double>(x.data[i * x.stride + j]);
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < x.width; ++j) {
            const double distance = static_cast<double>(x.data[i * x.stride + j]) - sums[j] / count;
            squares[j] += distance * distance;
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
void standardize_rows(Rows<T> x, double epsilon, const T *scale, const T *shift, T *inverse_std,
                      T *y, Index y_stride) {
    using V = Simd<T>;
    const double width = static_cast<double>(x.width);
    for (Index i = 0; i < x.rows; ++i) {
        T *const row = x.data + i * x.stride;
        V chain(T(0)); // the padding adds nothing
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes)
            chain += V::load(row + j);
        const T mean = static_cast<T>(chain.sum() / width);
        for (Index j = 0; j < x.width; ++j)
            row[j] -= mean;
        V squares(T(0));
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes)
            squares = fmadd(V::load(row + j), V::load(row + j), squares);
        inverse_std[i] = static_cast<T>(1.0 / std::sqrt(squares.sum() / width + epsilon));
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
            const V standard = V::load(row + j) * V(inverse_std[i]);
            standard.store(row + j);
            fmadd(standard, V::load(scale + j), V::load(shift + j)).store(y + i * y_stride + j);
        }
    }
}

template <class T>
void gradient_sums(Rows<const T> dy, const T *x, Index x_stride, double *sums, double *products) {
    for (Index j = 0; j < dy.width; ++j)
        sums[j] = products[j] = 0.0;
    for (Index i = 0; i < dy.rows; ++i)
        for (Index j = 0; j < dy.width; ++j) {
            const double slope = static_cast<double>(dy.data[i * dy.stride + j]);
            sums[j] += slope;
            products[j] += slope * static_cast<double>(x[i * x_stride + j]);
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
    const double width = static_cast<double>(dy.width);
    for (Index i = 0; i < dy.rows; ++i) {
        T *const row = dy.data + i * dy.stride;
        const T *const standard = x + i * x_stride;
        V sum(T(0)), product(T(0));
        for (Index j = 0; j < padded<T>(dy.width); j += V::lanes) {
            const V g = V::load(row + j) * V::load(scale + j);
            g.store(row + j);
            sum += g;
            product = fmadd(g, V::load(standard + j), product);
        }
        const T mean = static_cast<T>(sum.sum() / width);
        const T mean_product = static_cast<T>(product.sum() / width);
        for (Index j = 0; j < dy.width; ++j)
            row[j] = inverse_std[i] * (row[j] - mean - standard[j] * mean_product);
    }
}

} // namespace deepgen::DEEPGEN_PATH
