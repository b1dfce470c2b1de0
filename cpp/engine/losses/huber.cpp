// Huber's loss: squared near the target, absolute far from it, so that outliers pull with a bounded
// force.
//
//   l(z, y) = r^2 / 2 if |r| <= delta, else delta (|r| - delta / 2),   r = z - y
//   l' = r clipped to [-delta, delta],   l'' = 1 if |r| <= delta, else 0,   mean = z
//   likelihood: normal near 0 with Laplace's tails; its E[l'^2] = E[l''] is the chance of |r| <=
//   delta
//
// Huber (1964), Robust estimation of a location parameter, section 1.

#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

#include <cmath>
#include <numbers>

namespace deepgen::loss {
namespace {

constexpr Parameter parameters[] = {
    {.name = "delta", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
};

class Huber {
  public:
    explicit Huber(const Settings &settings) : delta_(settings["delta"]) {
        const double inside =
            std::sqrt(2.0 * std::numbers::pi) * std::erf(delta_ / std::numbers::sqrt2);
        near_ = inside / (inside + 2.0 / delta_ * std::exp(-0.5 * delta_ * delta_));
    }

    Point at(double z, double y) const {
        const double r = z - y;
        if (std::abs(r) <= delta_)
            return {.value = 0.5 * r * r, .derivative = r};
        return {.value = delta_ * (std::abs(r) - 0.5 * delta_),
                .derivative = std::copysign(delta_, r)};
    }
    double second_derivative(double z, double y) const {
        return std::abs(z - y) <= delta_ ? 1.0 : 0.0;
    }
    double fisher(double) const { return near_; }
    double mean(double z) const { return z; }

  private:
    double delta_;
    double near_; // chance of |r| <= delta
};

} // namespace

constinit const LossEntry huber = elementwise<Huber>("huber", parameters);

} // namespace deepgen::loss
