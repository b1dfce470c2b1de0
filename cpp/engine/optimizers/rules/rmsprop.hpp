// RMSProp: steps scaled by a running mean of the squared gradient, with momentum on the step.
//
//   s <- rho s + (1 - rho) g^2
//   d = g / (sqrt(s) + epsilon)                                eps_inside = 0
//   d = g / sqrt(s + epsilon)                                  eps_inside = 1
//   b <- momentum b + d,        w <- w - rate b                rate_inside = 0
//   b <- momentum b + rate d,   w <- w - b                     rate_inside = 1
//
// Tieleman & Hinton (2012), lecture 6.5 of Neural networks for machine learning. PyTorch has
// epsilon and the rate outside, Keras inside.

#pragma once

#include "engine/optimizers/rules/rule.hpp"

namespace deepgen::DEEPGEN_PATH {

// What the plain and the centred form share: all but what the gradient is divided by.
template <class T>
struct RMSPropStep {
    static constexpr Parameter parameters[] = {
        {.name = "rho", .value = 0.99, .low = 0.0, .high = 1.0, .open_high = true},
        {.name = "momentum", .value = 0.0, .low = 0.0, .high = 1.0},
        {.name = "epsilon", .value = 1e-8, .low = 0.0, .high = infinity, .open_low = true},
        {.name = "eps_inside", .value = 0.0, .low = 0.0, .high = 1.0},
        {.name = "rate_inside", .value = 0.0, .low = 0.0, .high = 1.0},
        {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
    };

    static RuleConstants constants(const double *settings, double, double rate) {
        const double rho = settings[0], epsilon = settings[2];
        const bool eps_inside = settings[3] != 0.0, rate_inside = settings[4] != 0.0;
        return {rho,
                1.0 - rho,
                settings[1],
                eps_inside ? epsilon : 0.0,
                eps_inside ? 0.0 : epsilon,
                rate_inside ? rate : 1.0,
                rate_inside ? 1.0 : rate};
    }

    DEEPGEN_ANYWHERE explicit RMSPropStep(const RuleConstants &c)
        : rho(static_cast<T>(c[0])), rest(static_cast<T>(c[1])), momentum(static_cast<T>(c[2])),
          inside(static_cast<T>(c[3])), outside(static_cast<T>(c[4])),
          rate_inside(static_cast<T>(c[5])), rate_outside(static_cast<T>(c[6])) {}

    DEEPGEN_ANYWHERE void move(Simd<T> &w, Simd<T> g, Simd<T> square, Simd<T> &b) const {
        b = fmadd(momentum, b, rate_inside * g / (sqrt(square + inside) + outside));
        w = w - rate_outside * b;
    }

    Simd<T> rho, rest, momentum, inside, outside, rate_inside, rate_outside;
};

template <class T>
struct RMSProp : RMSPropStep<T> {
    static constexpr Index n_state_arrays = 2;

    using RMSPropStep<T>::RMSPropStep;

    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &s = state[0];
        s = fmadd(this->rho, s, this->rest * (g * g));
        this->move(w, g, s, state[1]);
    }
};

} // namespace deepgen::DEEPGEN_PATH
