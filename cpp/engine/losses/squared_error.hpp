// Squared error, halved: the conditional mean.
//
//   l(z, y) = (z - y)^2 / 2,   l' = z - y,   l'' = 1,   mean = z
//   likelihood: normal of variance 1
//
// Bishop (2006), Pattern recognition and machine learning, eq. (5.11).

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

struct SquaredError {
    static constexpr std::array<Parameter, 0> parameters{};
    static std::vector<double> constants(const Settings &) { return {}; }

    DEEPGEN_ANYWHERE explicit SquaredError(std::span<const double>) {}

    DEEPGEN_ANYWHERE Point at(double z, double y) const {
        const double r = z - y;
        return {.value = 0.5 * r * r, .derivative = r};
    }
    double second_derivative(double, double) const { return 1.0; }
    double fisher(double) const { return 1.0; }
    double mean(double z) const { return z; }
};

} // namespace deepgen::loss
