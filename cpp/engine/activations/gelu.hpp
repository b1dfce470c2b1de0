// Gaussian error linear unit, exact.
//
//   f(z) = z Phi(z),   f'(z) = Phi(z) + z phi(z)
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
    static Simd<T> value(Simd<T> z) {
        return z * normal(z).cumulative;
    }
    template <class T>
    static Simd<T> slope(Simd<T> z) {
        const Normal<T> at = normal(z);
        return fmadd(z, at.density, at.cumulative);
    }
};

} // namespace deepgen::DEEPGEN_PATH
