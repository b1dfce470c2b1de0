// Huber's loss: squared near the target, absolute far from it, so that outliers pull with a bounded
// force.
//
//   l(z, y) = r^2 / 2 if |r| <= delta, else delta (|r| - delta / 2),   r = z - y
//   l' = r clipped to [-delta, delta],   l'' = 1 if |r| <= delta, else 0,   mean = z
//   likelihood: normal near 0 with Laplace's tails; its E[l'^2] = E[l''] is the chance of |r| <=
//   delta
//
// Huber (1964), Robust estimation of a location parameter, section 1.

#pragma once

#include "engine/losses/row.hpp"

#include <numbers>

namespace deepgen::loss {

class Huber {
  public:
    static constexpr Parameter parameters[] = {
        {.name = "delta", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
    };
    static std::vector<double> constants(const Settings &settings) {
        const double delta = settings["delta"];
        const double inside =
            std::sqrt(2.0 * std::numbers::pi) * std::erf(delta / std::numbers::sqrt2);
        return {delta, inside / (inside + 2.0 / delta * std::exp(-0.5 * delta * delta))};
    }

    DEEPGEN_ANYWHERE explicit Huber(std::span<const double> constants)
        : delta_(constants[0]), near_(constants[1]) {}

    DEEPGEN_ANYWHERE Point at(double z, double y) const {
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

} // namespace deepgen::loss
