// No activation: the output layer, and the second layer of a residual block.
//
//   f(z) = z,   f'(z) = 1,   f''(z) = 0

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Identity {
    static constexpr bool from_output = true;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return z;
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T>) {
        return Simd<T>(1);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T>) {
        return Simd<T>(0);
    }
};

} // namespace deepgen::DEEPGEN_PATH
