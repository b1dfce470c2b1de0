// Focal loss of one logistic output a label: samples that are already right count little.
//
//   l(z, y) = -(1 - p)^gamma log p,   p = 1 / (1 + e^-s),   s = z if y = 1, else -z
//   dl/ds = (1 - p)^gamma (gamma p log p - (1 - p))
//   d2l/ds2 = (1 - p)^gamma p (gamma log p (1 - p - gamma p) + (2 gamma + 1) (1 - p)),   mean = 1 /
//   (1 + e^-z)
//
// Lin, Goyal, Girshick, He & Dollar (2017), Focal loss for dense object detection, eq. (4).

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

class BinaryFocal {
  public:
    static constexpr Parameter parameters[] = {
        {.name = "gamma", .value = 2.0, .low = 0.0, .high = infinity},
    };
    static std::vector<double> constants(const Settings &settings) { return {settings["gamma"]}; }

    DEEPGEN_ANYWHERE explicit BinaryFocal(std::span<const double> constants)
        : gamma_(constants[0]) {}

    DEEPGEN_ANYWHERE static double exponent(double z) { return -std::abs(z); }
    DEEPGEN_ANYWHERE Point at(double z, double y, double e) const {
        const double sign = y == 1.0 ? 1.0 : -1.0;
        const double s = sign * z;
        const double likely = 1.0 / (1.0 + e), unlikely = e * likely;
        const double p = s > 0.0 ? likely : unlikely;
        const double wrong = s > 0.0 ? unlikely : likely; // 1 - p
        const double log_p = (s < 0.0 ? s : 0.0) - log1p(e);
        const double focus = pow(wrong, gamma_);
        return {.value = -focus * log_p, .derivative = sign * focus * (gamma_ * p * log_p - wrong)};
    }
    double second_derivative(double z, double y) const {
        const double s = y == 1.0 ? z : -z;
        const double log_p = -softplus(-s);
        const double p = sigmoid(s), wrong = sigmoid(-s);
        return pow(wrong, gamma_) * p *
               (gamma_ * log_p * (wrong - gamma_ * p) + (2.0 * gamma_ + 1.0) * wrong);
    }
    double mean(double z, double e) const { return (z > 0.0 ? 1.0 : e) / (1.0 + e); }

  private:
    double gamma_;
};

} // namespace deepgen::loss
