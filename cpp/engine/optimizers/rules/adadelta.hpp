// AdaDelta: steps in the weight's own units, by running means of squared gradients and steps.
//
//   s <- rho s + (1 - rho) g^2
//   d = sqrt(u + epsilon) / sqrt(s + epsilon) g
//   u <- rho u + (1 - rho) d^2
//   w <- w - rate d
//
// Zeiler (2012), ADADELTA: an adaptive learning rate method, algorithm 1; the rate is 1 there.

#pragma once

#include "engine/optimizers/rules/rule.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct AdaDelta {
    static constexpr Parameter parameters[] = {
        {.name = "rho", .value = 0.9, .low = 0.0, .high = 1.0, .open_high = true},
        {.name = "epsilon", .value = 1e-6, .low = 0.0, .high = infinity, .open_low = true},
        {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
    };
    static constexpr Index n_state_arrays = 2;

    static RuleConstants constants(const double *settings, double, double rate) {
        const double rho = settings[0];
        return {rho, 1.0 - rho, settings[1], rate};
    }

    DEEPGEN_ANYWHERE explicit AdaDelta(const RuleConstants &c)
        : rho(static_cast<T>(c[0])), rest(static_cast<T>(c[1])), epsilon(static_cast<T>(c[2])),
          rate(static_cast<T>(c[3])) {}

    // One root of the ratio costs less than two.
    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &s = state[0], &u = state[1];
        s = fmadd(rho, s, rest * (g * g));
        const Simd<T> d = sqrt((u + epsilon) / (s + epsilon)) * g;
        u = fmadd(rho, u, rest * (d * d));
        w = w - rate * d;
    }

    Simd<T> rho, rest, epsilon, rate;
};

} // namespace deepgen::DEEPGEN_PATH
