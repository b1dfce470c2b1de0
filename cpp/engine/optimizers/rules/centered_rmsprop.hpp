// Centred RMSProp: steps scaled by a running estimate of the gradient's variance.
//
//   s <- rho s + (1 - rho) g^2
//   m <- rho m + (1 - rho) g
//   then as RMSProp with max(s - m^2, 0) in place of s
//
// Graves (2013), Generating sequences with recurrent neural networks, eq. (38)-(41). The variance
// is not negative but by rounding, which PyTorch and Keras let become NaN.

#pragma once

#include "engine/optimizers/rules/rmsprop.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct CenteredRMSProp : RMSPropStep<T> {
    static constexpr Index n_state_arrays = 3;

    using RMSPropStep<T>::RMSPropStep;

    DEEPGEN_ANYWHERE void operator()(Simd<T> &w, Simd<T> g, Simd<T> *state) const {
        Simd<T> &s = state[0], &m = state[2];
        s = fmadd(this->rho, s, this->rest * (g * g));
        m = fmadd(this->rho, m, this->rest * g);
        this->move(w, g, max(s - m * m, Simd<T>(T(0))), state[1]);
    }
};

} // namespace deepgen::DEEPGEN_PATH
