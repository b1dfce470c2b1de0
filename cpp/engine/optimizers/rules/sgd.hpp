// Stochastic gradient descent with momentum, plain or Nesterov's.
//
//   v <- mu v - rate g
//   w <- w + v                      plain
//   w <- w + mu v - rate g          Nesterov
//
// scikit-learn's form (the rate is inside v, so a change of rate acts on new gradients only).
// Polyak (1964); Nesterov (1983) as in Sutskever et al. (2013), eq. (3)-(4).

#pragma once

#include "engine/optimizers/rules/rule.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Sgd {
    static constexpr Parameter parameters[] = {
        {.name = "momentum", .value = 0.9, .low = 0.0, .high = 1.0},
        {.name = "nesterov", .value = 1.0, .low = 0.0, .high = 1.0},
        {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
    };
    static constexpr Index n_state_arrays = 1;

    // w + a v - b g covers both forms: plain (1, 0), Nesterov (mu, rate).
    static RuleConstants constants(const double *settings, double, double rate) {
        const double momentum = settings[0];
        const bool nesterov = settings[1] != 0.0;
        return {momentum, rate, nesterov ? momentum : 1.0, nesterov ? rate : 0.0};
    }

    DEEPGEN_ANYWHERE explicit Sgd(const RuleConstants &c)
        : momentum(static_cast<T>(c[0])), rate(static_cast<T>(c[1])), ahead(static_cast<T>(c[2])),
          gradient_rate(static_cast<T>(c[3])) {}

    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &v = state[0];
        v = momentum * v - rate * g;
        w += ahead * v - gradient_rate * g;
    }

    Simd<T> momentum, rate, ahead, gradient_rate;
};

} // namespace deepgen::DEEPGEN_PATH
