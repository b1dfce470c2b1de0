// Exponential linear unit, alpha = 1.
//
//   f(z) = z if z > 0, else e^z - 1;   f'(z) = 1 if z > 0, else f(z) + 1
//   f''(z) = 0 if z > 0, else f(z) + 1
//
// Clevert, Unterthiner & Hochreiter (2016), Fast and accurate deep network learning by exponential
// linear units, eq. (15).

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Elu {
    static constexpr bool from_output = true;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        return select(z > Simd<T>(0), z, expm1(z));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        return select(a > Simd<T>(0), Simd<T>(1), a + Simd<T>(1));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> a) {
        return select(a > Simd<T>(0), Simd<T>(0), a + Simd<T>(1));
    }
};

} // namespace deepgen::DEEPGEN_PATH
