// The logistic function.
//
//   f(z) = 1 / (1 + e^-z),   f'(z) = f(z) (1 - f(z)),   f''(z) = f'(z) (1 - 2 f(z))
//
// Rumelhart, Hinton & Williams (1986), Learning representations by back-propagating errors, eq.
// (2).

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Logistic {
    static constexpr bool from_output = true;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return sigmoid(z);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        return a * (Simd<T>(1) - a);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> a) {
        const Simd<T> rest = Simd<T>(1) - a;
        return a * rest * (rest - a);
    }
};

} // namespace deepgen::DEEPGEN_PATH
