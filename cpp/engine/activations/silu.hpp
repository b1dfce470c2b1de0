// Sigmoid linear unit, also called swish.
//
//   f(z) = z s,   f'(z) = s + z s (1 - s),   f''(z) = s (1 - s) (2 - z (2 s - 1))
//   s = 1 / (1 + e^-z)
//
// Elfwing, Uchibe & Doya (2018), Sigmoid-weighted linear units for neural network function
// approximation in reinforcement learning, section 2.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Silu {
    static constexpr bool from_output = false;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return z * sigmoid(z);
    }

    // s and 1 - s from the same exponential, or 1 - s would lose its digits where s is near 1.
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> z) {
        const Simd<T> e = exp(-abs(z));
        const Simd<T> larger = Simd<T>(1) / (Simd<T>(1) + e);
        const Simd<T> smaller = e * larger;
        return fmadd(z, larger * smaller, select(z > Simd<T>(0), larger, smaller));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> z) {
        const Simd<T> e = exp(-abs(z));
        const Simd<T> larger = Simd<T>(1) / (Simd<T>(1) + e);
        const Simd<T> smaller = e * larger;
        const Simd<T> apart = abs(z) * (larger - smaller); // z (2 s - 1)
        return larger * smaller * (Simd<T>(2) - apart);
    }
};

} // namespace deepgen::DEEPGEN_PATH
