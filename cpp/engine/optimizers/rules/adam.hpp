// Adam: steps scaled by running means of the gradient and of its square.
//
//   m <- beta_1 m + (1 - beta_1) g
//   v <- beta_2 v + (1 - beta_2) g^2
//   w <- w - rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)         eps_hat = 1
//   w <- w - rate / (1 - beta_1^t) m / (sqrt(v / (1 - beta_2^t)) + epsilon)           eps_hat = 0
//
// Kingma & Ba (2015), Adam, algorithm 1 (eps_hat = 0) and the remark at its end (eps_hat = 1,
// scikit-learn's). With weight_decay: AdamW, Loshchilov & Hutter (2019), algorithm 2.

#pragma once

#include "engine/optimizers/rules/rule.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Adam {
    static constexpr Parameter parameters[] = {
        {.name = "beta_1", .value = 0.9, .low = 0.0, .high = 1.0, .open_high = true},
        {.name = "beta_2", .value = 0.999, .low = 0.0, .high = 1.0, .open_high = true},
        {.name = "epsilon", .value = 1e-8, .low = 0.0, .high = infinity, .open_low = true},
        {.name = "eps_hat", .value = 1.0, .low = 0.0, .high = 1.0},
        {.name = "weight_decay", .value = 0.0, .low = 0.0, .high = infinity},
    };
    static constexpr Index n_state_arrays = 2;

    // Both forms are w - a m / (sqrt(v) b + epsilon).
    static RuleConstants constants(const double *settings, double step, double rate) {
        const double beta_1 = settings[0], beta_2 = settings[1], epsilon = settings[2];
        const double bias_1 = 1.0 - std::pow(beta_1, step);
        const double root_2 = std::sqrt(1.0 - std::pow(beta_2, step));
        if (settings[3] != 0.0)
            return {beta_1,  1.0 - beta_1,           beta_2, 1.0 - beta_2,
                    epsilon, rate * root_2 / bias_1, 1.0};
        return {beta_1, 1.0 - beta_1, beta_2, 1.0 - beta_2, epsilon, rate / bias_1, 1.0 / root_2};
    }

    DEEPGEN_ANYWHERE explicit Adam(const RuleConstants &c)
        : beta_1(static_cast<T>(c[0])), rest_1(static_cast<T>(c[1])), beta_2(static_cast<T>(c[2])),
          rest_2(static_cast<T>(c[3])), epsilon(static_cast<T>(c[4])), rate(static_cast<T>(c[5])),
          root_scale(static_cast<T>(c[6])) {}

    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &m = state[0], &v = state[1];
        m = fmadd(beta_1, m, rest_1 * g);
        v = fmadd(beta_2, v, rest_2 * (g * g));
        w = w - rate * m / fmadd(sqrt(v), root_scale, epsilon);
    }

    Simd<T> beta_1, rest_1, beta_2, rest_2, epsilon, rate, root_scale;
};

} // namespace deepgen::DEEPGEN_PATH
