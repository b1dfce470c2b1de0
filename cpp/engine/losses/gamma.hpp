// Half the gamma deviance, for positive targets with a constant coefficient of variation; the
// outputs are logarithms of the means.
//
//   l(z, y) = -log(y / mu) + y / mu - 1 = d + (e^-d - 1),   d = z - log y,   y > 0
//   l' = 1 - y / mu,   l'' = y / mu,   mean mu = e^z
//   likelihood: gamma of shape 1
//
// McCullagh & Nelder (1989), Generalized linear models, section 8.3.

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

struct Gamma {
    static constexpr std::array<Parameter, 0> parameters{};
    static std::vector<double> constants(const Settings &) { return {}; }

    DEEPGEN_ANYWHERE explicit Gamma(std::span<const double>) {}

    DEEPGEN_ANYWHERE Point at(double z, double y) const {
        const double d = z - log(y);
        const double excess = expm1(-d); // y / mu - 1
        return {.value = d + excess, .derivative = -excess};
    }
    double second_derivative(double z, double y) const { return exp(log(y) - z); }
    double fisher(double) const { return 1.0; }
    double mean(double z) const { return exp(z); }
};

} // namespace deepgen::loss
