// Absolute error: the conditional median.
//
//   l(z, y) = |z - y|,   l' = sign(z - y), 0 at 0,   l'' = 0,   mean = z
//   likelihood: Laplace's of scale 1
//
// Bloomfield & Steiger (1983), Least absolute deviations.

#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

#include <cmath>

namespace deepgen::loss {
namespace {

struct AbsoluteError {
    explicit AbsoluteError(const Settings &) {}

    Point at(double z, double y) const {
        const double r = z - y;
        return {.value = std::abs(r), .derivative = r > 0.0 ? 1.0 : r < 0.0 ? -1.0 : 0.0};
    }
    double second_derivative(double, double) const { return 0.0; }
    double fisher(double) const { return 1.0; }
    double mean(double z) const { return z; }
};

} // namespace

constinit const LossEntry absolute_error = elementwise<AbsoluteError>("absolute_error", {});

} // namespace deepgen::loss
