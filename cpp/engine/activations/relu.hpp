// Rectified linear unit.
//
//   f(z) = max(0, z),   f'(z) = 1 if z > 0, else 0   (so f'(0) = 0);   f''(z) = 0
//
// Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Relu {
    static constexpr bool from_output = true;

    // In this order a NaN stays a NaN: max gives its second argument when nothing is larger.
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return max(Simd<T>(0), z);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        return select(a > Simd<T>(0), Simd<T>(1), Simd<T>(0));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T>) {
        return Simd<T>(0);
    }
};

} // namespace deepgen::DEEPGEN_PATH
