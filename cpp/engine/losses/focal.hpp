// Focal loss of a softmax over classes: samples that are already right count little.
//
//   l(z, c) = -(1 - p)^gamma log p,   p = p_c of the true class,   means softmax z
//   dl/dz_c = (1 - p)^gamma (gamma p log p - (1 - p)),   dl/dz_j = -dl/dz_c p_j / (1 - p)
//   d2l/dz2 = along u u^T + spread (diag p - p p^T),   u_c = 1, u_j = -p_j / (1 - p)
//   along = gamma (1 - p)^gamma p ((1 - p - (gamma - 1) p) log p + 2 (1 - p))
//   spread = (1 - p)^gamma - gamma (1 - p)^(gamma - 1) p log p
//
// Lin, Goyal, Girshick, He & Dollar (2017), Focal loss for dense object detection, eq. (4).

#pragma once

#include "engine/losses/class_row.hpp"

namespace deepgen::loss {

class Focal {
  public:
    static constexpr Parameter parameters[] = {
        {.name = "gamma", .value = 2.0, .low = 0.0, .high = infinity},
    };
    static std::vector<double> constants(const Settings &settings) { return {settings["gamma"]}; }
    static constexpr bool is_likelihood = false;

    DEEPGEN_ANYWHERE explicit Focal(std::span<const double> constants) : gamma_(constants[0]) {}

    DEEPGEN_ANYWHERE ClassPoint at(const ClassRow &row) const {
        const double wrong = row.others / row.sum; // 1 - p
        const double focus = pow(wrong, gamma_);
        const double own = focus * (gamma_ * (row.own / row.sum) * row.log_p - wrong);
        // Of others that have all underflowed none has a derivative.
        return {.value = -focus * row.log_p,
                .own = own,
                .scale = row.others > 0.0 ? -own / row.others : 0.0,
                .shift = 0.0};
    }

    ClassCurvature curvature(const ClassRow &row) const {
        const double wrong = row.others / row.sum;
        if (wrong == 0.0)
            return {.along = 0.0, .spread = 0.0};
        const double focus = pow(wrong, gamma_), p = row.own / row.sum;
        return {.along =
                    gamma_ * focus * p * ((wrong - (gamma_ - 1.0) * p) * row.log_p + 2.0 * wrong),
                .spread = focus - gamma_ * focus / wrong * p * row.log_p};
    }

  private:
    double gamma_;
};

} // namespace deepgen::loss
