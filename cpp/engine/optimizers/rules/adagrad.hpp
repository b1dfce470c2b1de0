// AdaGrad: steps scaled by the sum of all squared gradients so far.
//
//   s <- s + g^2,   s_0 = initial_accumulator
//   w <- w - rate g / (sqrt(s) + epsilon)          eps_inside = 0
//   w <- w - rate g / sqrt(s + epsilon)            eps_inside = 1
//
// Duchi, Hazan & Singer (2011), Adaptive subgradient methods, figure 1 with a diagonal matrix.
// PyTorch adds epsilon outside the root and starts at 0, Keras inside and at 0.1.

#pragma once

#include "engine/optimizers/rules/rule.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct AdaGrad {
    static constexpr Parameter parameters[] = {
        {.name = "epsilon", .value = 1e-10, .low = 0.0, .high = infinity, .open_low = true},
        {.name = "eps_inside", .value = 0.0, .low = 0.0, .high = 1.0},
        {.name = "initial_accumulator", .value = 0.0, .low = 0.0, .high = infinity},
        {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
    };
    static constexpr Index n_state_arrays = 1;

    static double initial(const double *settings) { return settings[2]; }

    static RuleConstants constants(const double *settings, double, double rate) {
        const double epsilon = settings[0];
        const bool inside = settings[1] != 0.0;
        return {rate, inside ? epsilon : 0.0, inside ? 0.0 : epsilon};
    }

    DEEPGEN_ANYWHERE explicit AdaGrad(const RuleConstants &c)
        : rate(static_cast<T>(c[0])), inside(static_cast<T>(c[1])), outside(static_cast<T>(c[2])) {}

    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &s = state[0];
        s = fmadd(g, g, s);
        w = w - rate * g / (sqrt(s + inside) + outside);
    }

    Simd<T> rate, inside, outside;
};

} // namespace deepgen::DEEPGEN_PATH
