// The hyperbolic tangent.
//
//   f(z) = tanh z,   f'(z) = 1 - f(z)^2,   f''(z) = -2 f(z) f'(z)
//
// LeCun, Bottou, Orr & Mueller (1998), Efficient backprop, section 4.4.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Tanh {
    static constexpr bool from_output = true;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return tanh(z);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        return (Simd<T>(1) - a) * (Simd<T>(1) + a);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> a) {
        return Simd<T>(-2) * a * slope(a);
    }
};

} // namespace deepgen::DEEPGEN_PATH
