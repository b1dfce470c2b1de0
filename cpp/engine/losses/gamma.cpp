// Half the gamma deviance, for positive targets with a constant coefficient of variation; the
// outputs are logarithms of the means.
//
//   l(z, y) = -log(y / mu) + y / mu - 1 = d + (e^-d - 1),   d = z - log y,   y > 0
//   l' = 1 - y / mu,   l'' = y / mu,   mean mu = e^z
//   likelihood: gamma of shape 1
//
// McCullagh & Nelder (1989), Generalized linear models, section 8.3.

#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

#include <cmath>

namespace deepgen::loss {
namespace {

struct Gamma {
    explicit Gamma(const Settings &) {}

    Point at(double z, double y) const {
        const double d = z - std::log(y);
        const double excess = std::expm1(-d); // y / mu - 1
        return {.value = d + excess, .derivative = -excess};
    }
    double second_derivative(double z, double y) const { return std::exp(std::log(y) - z); }
    double fisher(double) const { return 1.0; }
    double mean(double z) const { return std::exp(z); }
};

} // namespace

constinit const LossEntry gamma = elementwise<Gamma>("gamma", {});

} // namespace deepgen::loss
