// Log loss of one logistic output a label: two classes, or several labels at once.
//
//   l(z, y) = -t log p - (1 - t) log(1 - p) = max(z, 0) - t z + log(1 + e^-|z|)
//   l' = p - t,   l'' = p (1 - p),   mean p = 1 / (1 + e^-z)
//   t = y (1 - e) + e / 2 with label smoothing e
//
// Bishop (2006), Pattern recognition and machine learning, eq. (5.21); Szegedy, Vanhoucke, Ioffe,
// Shlens & Wojna (2016), Rethinking the inception architecture, section 7 (smoothing).

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

class BinaryLogLoss {
  public:
    static constexpr Parameter parameters[] = {
        {.name = "label_smoothing", .value = 0.0, .low = 0.0, .high = 1.0, .open_high = true},
    };
    static std::vector<double> constants(const Settings &settings) {
        return {settings["label_smoothing"]};
    }

    DEEPGEN_ANYWHERE explicit BinaryLogLoss(std::span<const double> constants)
        : smoothing_(constants[0]) {}

    // Seen from the likelier side, s = sigmoid(-|z|) keeps its digits, and so does p - t.
    DEEPGEN_ANYWHERE static double exponent(double z) { return -std::abs(z); }
    DEEPGEN_ANYWHERE Point at(double z, double y, double e) const {
        const double t = y * (1.0 - smoothing_) + 0.5 * smoothing_;
        const double s = e / (1.0 + e);
        const double overlap = log1p(e);
        if (z > 0.0)
            return {.value = z * (1.0 - t) + overlap, .derivative = (1.0 - t) - s};
        return {.value = -z * t + overlap, .derivative = s - t};
    }
    double second_derivative(double z, double) const {
        const double e = exp(-std::abs(z));
        return e / ((1.0 + e) * (1.0 + e));
    }
    double fisher(double z) const { return second_derivative(z, 0.0); }
    double mean(double z, double e) const { return (z > 0.0 ? 1.0 : e) / (1.0 + e); }

  private:
    double smoothing_;
};

} // namespace deepgen::loss
