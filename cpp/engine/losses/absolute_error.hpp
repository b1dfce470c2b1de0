// Absolute error: the conditional median.
//
//   l(z, y) = |z - y|,   l' = sign(z - y), 0 at 0,   l'' = 0,   mean = z
//   likelihood: Laplace's of scale 1
//
// Bloomfield & Steiger (1983), Least absolute deviations.

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

struct AbsoluteError {
    static constexpr std::array<Parameter, 0> parameters{};
    static std::vector<double> constants(const Settings &) { return {}; }

    DEEPGEN_ANYWHERE explicit AbsoluteError(std::span<const double>) {}

    DEEPGEN_ANYWHERE Point at(double z, double y) const {
        const double r = z - y;
        return {.value = std::abs(r), .derivative = r > 0.0 ? 1.0 : r < 0.0 ? -1.0 : 0.0};
    }
    double second_derivative(double, double) const { return 0.0; }
    double fisher(double) const { return 1.0; }
    double mean(double z) const { return z; }
};

} // namespace deepgen::loss
