// The engine's exponential of double (core/functions.hpp) in every lane of a register.

#pragma once

#include "engine/core/functions.hpp"
#include "engine/kernels/simd.hpp"

namespace deepgen::DEEPGEN_PATH {

inline void exponentials(Index n, const double *x, double *to) {
    using V = Simd<double>;
    for (Index i = 0; i < n; i += V::lanes)
        V(parts_of_functions::exp_of_lanes(V::load(x + i).v)).store(to + i);
}

} // namespace deepgen::DEEPGEN_PATH
