// Half the Poisson deviance, for counts; the outputs are logarithms of the means.
//
//   l(z, y) = y log(y / mu) - y + mu,   l' = mu - y,   l'' = mu,   mean mu = e^z
//   y >= 0, 0 log 0 = 0
//   likelihood: Poisson
//
// McCullagh & Nelder (1989), Generalized linear models, section 2.3.

#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

#include <cmath>

namespace deepgen::loss {
namespace {

struct Poisson {
    explicit Poisson(const Settings &) {}

    Point at(double z, double y) const {
        const double mu = std::exp(z);
        const double saturated = y > 0.0 ? y * (std::log(y) - 1.0) : 0.0;
        return {.value = mu - y * z + saturated, .derivative = mu - y};
    }
    double second_derivative(double z, double) const { return std::exp(z); }
    double fisher(double z) const { return std::exp(z); }
    double mean(double z) const { return std::exp(z); }
};

} // namespace

constinit const LossEntry poisson = elementwise<Poisson>("poisson", {});

} // namespace deepgen::loss
