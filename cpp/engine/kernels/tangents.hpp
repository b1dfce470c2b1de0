// Directional derivatives of the two halves of a layer: its activation and its normalization,
// forward and on the way back.
//
//   R f = d/dr f(parameters + r direction) at r = 0
//
// Pearlmutter (1994), Fast exact multiplication by the Hessian, section 3.

#pragma once

#include "engine/kernels/rows.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
void activation_tangent_backward(Rows<T> tangent, const T *gradient, const T *slope,
                                 const T *slope_tangent) {
    using V = Simd<T>;
    for (Index i = 0; i < tangent.rows; ++i)
        for (Index j = 0; j < padded<T>(tangent.width); j += V::lanes) {
            const Index at = i * tangent.stride + j;
            const V moved = V::load(gradient + at) * V::load(slope_tangent + at);
            fmadd(V::load(tangent.data + at), V::load(slope + at), moved).store(tangent.data + at);
        }
}

template <class T>
void multiply_columns(Rows<T> x, const T *factor) {
    using V = Simd<T>;
    for (Index i = 0; i < x.rows; ++i)
        for (Index j = 0; j < padded<T>(x.width); j += V::lanes) {
            T *const at = x.data + i * x.stride + j;
            (V::load(at) * V::load(factor + j)).store(at);
        }
}

template <class T>
void combine_columns(Rows<const T> a, const T *p, const T *b, Index b_stride, const T *q,
                     const T *r, T *y, Index y_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < a.rows; ++i)
        for (Index j = 0; j < padded<T>(a.width); j += V::lanes) {
            const V start = r ? V::load(r + j) : V(T(0));
            const V second = fmadd(V::load(b + i * b_stride + j), V::load(q + j), start);
            fmadd(V::load(a.data + i * a.stride + j), V::load(p + j), second)
                .store(y + i * y_stride + j);
        }
}

//   rate = -mean(x Rz) inverse_std,   Rx = inverse_std (Rz - mean(Rz)) + rate x
template <class T>
void tangent_standardize_rows(Rows<T> tangent, const T *x, Index x_stride, const T *inverse_std,
                              T *rate) {
    using V = Simd<T>;
    const double width = static_cast<double>(tangent.width);
    for (Index i = 0; i < tangent.rows; ++i) {
        T *const row = tangent.data + i * tangent.stride;
        const T *const standard = x + i * x_stride;
        const V mean(static_cast<T>(
            row_sum<T>(tangent.width, [row](Index j) { return V::load(row + j); }) / width));
        const double product = row_sum<T>(tangent.width, [row, standard](Index j) {
            return V::load(row + j) * V::load(standard + j);
        });
        rate[i] = static_cast<T>(-static_cast<double>(inverse_std[i]) * product / width);
        for (Index j = 0; j < padded<T>(tangent.width); j += V::lanes) {
            const V centred = (V::load(row + j) - mean) * V(inverse_std[i]);
            fmadd(V(rate[i]), V::load(standard + j), centred).store(row + j);
        }
        for (Index j = tangent.width; j < padded<T>(tangent.width); ++j)
            row[j] = 0;
    }
}

//   q = dy scale,   dz = inverse_std (q - mean(q) - x mean(q x))
//   Rdz = rate dz + inverse_std (Rq - mean(Rq) - Rx mean(q x) - x mean(Rq x + q Rx))
template <class T>
void tangent_unstandardize_rows(Rows<T> tangent, Rows<const T> dy, Rows<const T> x,
                                const T *tangent_x, const T *scale, const T *inverse_std,
                                const T *rate) {
    using V = Simd<T>;
    const Index width = tangent.width;
    const double share = 1.0 / static_cast<double>(width);
    for (Index i = 0; i < tangent.rows; ++i) {
        T *const row = tangent.data + i * tangent.stride;
        const T *const standard = x.data + i * x.stride;
        const T *const moved = tangent_x + i * x.stride;
        const T *const gradient = dy.data + i * dy.stride;
        const auto q = [=](Index j) { return V::load(gradient + j) * V::load(scale + j); };
        const auto mean = [=](auto function) {
            return V(static_cast<T>(share * row_sum<T>(width, function)));
        };
        const V mean_q = mean(q);
        const V mean_qx = mean([=](Index j) { return q(j) * V::load(standard + j); });
        const V mean_rq = mean([=](Index j) { return V::load(row + j); });
        const V mean_both = mean([=](Index j) {
            return fmadd(V::load(row + j), V::load(standard + j), q(j) * V::load(moved + j));
        });
        for (Index j = 0; j < padded<T>(width); j += V::lanes) {
            const V at = V::load(standard + j);
            const V straight = fmadd(-at, mean_qx, q(j) - mean_q);
            const V centred = fmadd(-at, mean_both, V::load(row + j) - mean_rq);
            const V moved_back = fmadd(-V::load(moved + j), mean_qx, centred);
            (V(inverse_std[i]) * fmadd(V(rate[i]), straight, moved_back)).store(row + j);
        }
        for (Index j = width; j < padded<T>(width); ++j)
            row[j] = 0;
    }
}

} // namespace deepgen::DEEPGEN_PATH
