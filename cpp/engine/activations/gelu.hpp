// Gaussian error linear unit, exact.
//
//   f(z) = z Phi(z),   f'(z) = Phi(z) + z phi(z),   f''(z) = (2 - z^2) phi(z)
//
// Phi and phi are the standard normal distribution and its density.
//
// Hendrycks & Gimpel (2016), Gaussian error linear units, section 2.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Gelu {
    static constexpr bool from_output = false;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return z * normal(z).cumulative;
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> z) {
        const Normal<T> at = normal(z);
        return fmadd(z, at.density, at.cumulative);
    }

    // In this order: where z^2 overflows the density is 0 already.
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> z) {
        const Simd<T> density = normal(z).density;
        return fmadd(-z, z * density, density + density);
    }
};

} // namespace deepgen::DEEPGEN_PATH
