// Mish: smooth, not monotone, unbounded above.
//
//   f(z) = z t,   f'(z) = t + z (1 - t^2) s,   t = tanh(log(1 + e^z)),   s = 1 / (1 + e^-z)
//   f''(z) = t' (2 + z (1 - s - 2 t s)),   t' = (1 - t^2) s
//   with e = e^z and w = e (e + 2):   t = w / (w + 2),   t' = 4 e (1 + e) / (w + 2)^2,
//   1 - s - 2 t s = (1 - 2 e t) / (1 + e)
//
// Misra (2020), Mish: a self regularized non-monotonic activation function.

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Mish {
    static constexpr bool from_output = false;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        const Simd<T> w = odds(exp(capped(z)));
        return z * (w / (w + Simd<T>(2)));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> z) {
        const Simd<T> x = capped(z);
        const Simd<T> e = exp(x);
        const Simd<T> w = odds(e);
        const Simd<T> inverse = Simd<T>(1) / (w + Simd<T>(2));
        return fmadd(x * Simd<T>(4) * e, (Simd<T>(1) + e) * inverse * inverse, w * inverse);
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> z) {
        const Simd<T> x = capped(z);
        const Simd<T> e = exp(x);
        const Simd<T> w = odds(e);
        const Simd<T> inverse = Simd<T>(1) / (w + Simd<T>(2));
        const Simd<T> dt = Simd<T>(4) * e * (Simd<T>(1) + e) * inverse * inverse;
        const Simd<T> lean = (Simd<T>(1) - e * w * (Simd<T>(2) * inverse)) / (Simd<T>(1) + e);
        return dt * fmadd(x, lean, Simd<T>(2));
    }

  private:
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> odds(Simd<T> e) {
        return e * (e + Simd<T>(2));
    }

    // From 20 on t is 1 in double precision, and the squares are far from overflow. A NaN stays.
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> capped(Simd<T> z) {
        return min(Simd<T>(20), z);
    }
};

} // namespace deepgen::DEEPGEN_PATH
