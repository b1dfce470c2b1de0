// The first layer on CSR rows: only the stored entries are multiplied, the matrix is never made
// dense.
//
//   z_i = sum over entries (i, k, v) of v W[k, :]  + bias

#pragma once

#include "engine/kernels/product.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T, Index Vectors>
void sparse_panel(const SparseBlock<T> &a, const T *b, T *c, Index c_stride, const T *bias,
                  bool relu) {
    using V = Simd<T>;
    constexpr Index width = Vectors * V::lanes;
    for (Index i = 0; i < a.rows; ++i) {
        V sum[Vectors];
        for (Index j = 0; j < Vectors; ++j)
            sum[j] = V(T(0));
        for (std::int64_t entry = a.starts[i]; entry < a.ends[i]; ++entry) {
            const V value(a.values[entry]);
            const T *const row = b + a.indices[entry] * width;
            for (Index j = 0; j < Vectors; ++j)
                sum[j] = fmadd(value, V::load(row + j * V::lanes), sum[j]);
        }
        for (Index j = 0; j < Vectors; ++j) {
            const V z = sum[j] + V::load(bias + j * V::lanes);
            (relu ? max(V(T(0)), z) : z).store(c + i * c_stride + j * V::lanes);
        }
    }
}

// As product() with the epilogue bias or bias_relu; of `shape`, a and depth are not used.
template <class T>
void sparse_product(const SparseBlock<T> &a, const Product<T> &shape, bool relu) {
    for (Index j = 0; j < shape.columns; j += panel_columns<T>) {
        const Index columns = std::min(panel_columns<T>, shape.columns - j);
        with_vectors<T>(columns, [&]<Index Vectors>() {
            sparse_panel<T, Vectors>(a, shape.b + j * shape.b_rows, shape.c + j, shape.c_stride,
                                     shape.bias + j, relu);
        });
    }
}

// Rows come in order, so every weight's sum has one order.
template <class T>
void sparse_outer(const SparseOuter<T> &p) {
    using V = Simd<T>;
    for (Index i = 0; i < p.n_features * p.columns; i += V::lanes)
        V(T(0)).store(p.out + i);
    for (Index i = 0; i < p.a.rows; ++i) {
        const T *const row = p.b + i * p.b_stride;
        std::int64_t entry = p.cursors[i];
        for (; entry < p.a.ends[i] && p.a.indices[entry] < p.first + p.n_features; ++entry) {
            const V value(p.a.values[entry]);
            const Index feature = p.a.indices[entry] - p.first;
            for (Index column = 0; column < p.columns; column += panel_columns<T>) {
                const Index width = std::min(panel_columns<T>, p.columns - column);
                T *const out = p.out + column * p.n_features + feature * width;
                for (Index j = 0; j < width; j += V::lanes)
                    fmadd(value, V::load(row + column + j), V::load(out + j)).store(out + j);
            }
        }
        p.cursors[i] = entry;
    }
}

} // namespace deepgen::DEEPGEN_PATH
