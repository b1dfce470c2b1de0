// Scaled exponential linear unit: layers of it drift towards mean 0 and variance 1.
//
//   f(z) = lambda z if z > 0, else lambda alpha (e^z - 1)
//   f'(z) = lambda if z > 0, else f(z) + lambda alpha;   lambda = 1.0507..., alpha = 1.6732...
//   f''(z) = 0 if z > 0, else f(z) + lambda alpha
//
// Klambauer, Unterthiner, Mayr & Hochreiter (2017), Self-normalizing neural networks, eq. (2).

#pragma once

#include "engine/activations/activation.hpp"

namespace deepgen::DEEPGEN_PATH {

struct Selu {
    static constexpr bool from_output = true;
    static constexpr double lambda = 1.0507009873554804934193349852946;
    static constexpr double lambda_alpha = lambda * 1.6732632423543772848170429916717;

    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> value(Simd<T> z) {
        const Simd<T> positive = Simd<T>(static_cast<T>(lambda)) * z;
        return select(z > Simd<T>(0), positive, Simd<T>(static_cast<T>(lambda_alpha)) * expm1(z));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> slope(Simd<T> a) {
        const Simd<T> positive(static_cast<T>(lambda));
        return select(a > Simd<T>(0), positive, a + Simd<T>(static_cast<T>(lambda_alpha)));
    }
    template <class T>
    DEEPGEN_ANYWHERE static Simd<T> second_derivative(Simd<T> a) {
        return select(a > Simd<T>(0), Simd<T>(0), a + Simd<T>(static_cast<T>(lambda_alpha)));
    }
};

} // namespace deepgen::DEEPGEN_PATH
