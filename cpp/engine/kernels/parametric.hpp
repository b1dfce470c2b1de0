// Activations with a trained slope a of each unit, forward, back and along a direction.
//
//   h = z + a (f(z) - z),   dh/dz = 1 + a (f'(z) - 1),   dh/da = f(z) - z
//
// a = 1 is the activation itself, a = 0 none. Along a direction of the parameters
//
//   R h = (dh/dz) Rz + (dh/da) Ra
//   R (dh/dz) = a f''(z) Rz + (f'(z) - 1) Ra,   R (dh/da) = (f'(z) - 1) Rz
//
// Holzmueller, Grinsztajn & Steinwart (2024), Better by default, appendix A; He, Zhang, Ren & Sun
// (2015), Delving deep into rectifiers, for ReLU.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

namespace deepgen::DEEPGEN_PATH {

// f' and f'' at z, whatever the member computes them from.
template <class T, class Member>
struct SlopesAt {
    explicit SlopesAt(Simd<T> z) : value(Member::value(z)), from(Member::from_output ? value : z) {}

    Simd<T> lift(Simd<T> z) const { return value - z; }
    Simd<T> slope() const { return Member::slope(from); }
    Simd<T> second_derivative() const { return Member::second_derivative(from); }

    Simd<T> value, from;
};

// Only the first `width` columns: f(0) need not be 0 and the padding has to stay so.
template <class T, class Member>
void parametric_apply(Rows<T> from, const T *a, T *to, Index to_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < from.rows; ++i) {
        T *const y = to + i * to_stride;
        for (Index j = 0; j < padded<T>(from.width); j += V::lanes) {
            const V z = V::load(from.data + i * from.stride + j);
            fmadd(V::load(a + j), Member::value(z) - z, z).store(y + j);
        }
        for (Index j = from.width; j < padded<T>(from.width); ++j)
            y[j] = 0;
    }
}

template <class T, class Member>
void parametric_backward(Rows<T> gradient, const T *z, Index z_stride, const T *a, T *products) {
    using V = Simd<T>;
    for (Index i = 0; i < gradient.rows; ++i)
        for (Index j = 0; j < padded<T>(gradient.width); j += V::lanes) {
            const Index at = i * gradient.stride + j;
            const V x = V::load(z + i * z_stride + j), g = V::load(gradient.data + at);
            const SlopesAt<T, Member> f(x);
            (g * f.lift(x)).store(products + at);
            (g * fmadd(V::load(a + j), f.slope() - V(T(1)), V(T(1)))).store(gradient.data + at);
        }
}

template <class T, class Member>
void parametric_tangent(const ParametricTangent<T> &call) {
    using V = Simd<T>;
    const Rows<T> &tangent = call.tangent;
    for (Index i = 0; i < tangent.rows; ++i)
        for (Index j = 0; j < padded<T>(tangent.width); j += V::lanes) {
            const Index at = i * tangent.stride + j;
            const V x = V::load(call.z + i * call.z_stride + j), moved = V::load(tangent.data + at);
            const V a = V::load(call.a + j), direction = V::load(call.direction + j);
            const SlopesAt<T, Member> f(x);
            const V rest = f.slope() - V(T(1)), slope = fmadd(a, rest, V(T(1))), lift = f.lift(x);
            slope.store(call.slope + at);
            fmadd(a * f.second_derivative(), moved, rest * direction)
                .store(call.slope_tangent + at);
            lift.store(call.lift + at);
            (rest * moved).store(call.lift_tangent + at);
            fmadd(slope, moved, lift * direction).store(tangent.data + at);
        }
}

} // namespace deepgen::DEEPGEN_PATH
