// Rectified linear unit that leaks a hundredth of what is negative.
//
//   f(z) = z if z > 0, else 0.01 z;   f'(z) = 1 if z > 0, else 0.01;   f''(z) = 0
//
// Maas, Hannun & Ng (2013), Rectifier nonlinearities improve neural network acoustic models,
// section 2.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct LeakyRelu {
    static constexpr bool from_output = true;
    static constexpr double leak = 0.01;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return select(z > Simd<T>(0), z, Simd<T>(static_cast<T>(leak)) * z);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        return select(a > Simd<T>(0), Simd<T>(1), Simd<T>(static_cast<T>(leak)));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T>) {
        return Simd<T>(0);
    }
};

} // namespace deepgen::DEEPGEN_PATH
