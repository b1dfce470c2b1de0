// Half the Poisson deviance, for counts; the outputs are logarithms of the means.
//
//   l(z, y) = y log(y / mu) - y + mu,   l' = mu - y,   l'' = mu,   mean mu = e^z
//   y >= 0, 0 log 0 = 0
//   likelihood: Poisson
//
// McCullagh & Nelder (1989), Generalized linear models, section 2.3.

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

struct Poisson {
    static constexpr std::array<Parameter, 0> parameters{};
    static std::vector<double> constants(const Settings &) { return {}; }

    DEEPGEN_ANYWHERE explicit Poisson(std::span<const double>) {}

    DEEPGEN_ANYWHERE static double exponent(double z) { return z; }
    DEEPGEN_ANYWHERE Point at(double z, double y, double mu) const {
        const double saturated = y > 0.0 ? y * (log(y) - 1.0) : 0.0;
        return {.value = mu - y * z + saturated, .derivative = mu - y};
    }
    double second_derivative(double z, double) const { return exp(z); }
    double fisher(double z) const { return exp(z); }
    double mean(double, double mu) const { return mu; }
};

} // namespace deepgen::loss
