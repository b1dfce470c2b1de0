// Log loss of a softmax over classes.
//
//   l(z, c) = -sum_j t_j log p_j,   dl/dz_j = p_j - t_j,   means p = softmax z
//   d2l/dz2 = diag p - p p^T
//   t_j = (1 - e) [j = c] + e / K with label smoothing e over K classes
//
// Bishop (2006), Pattern recognition and machine learning, eq. (5.24); Szegedy, Vanhoucke, Ioffe,
// Shlens & Wojna (2016), Rethinking the inception architecture, section 7 (smoothing).

#pragma once

#include "engine/losses/class_row.hpp"

namespace deepgen::loss {

class LogLoss {
  public:
    static constexpr Parameter parameters[] = {
        {.name = "label_smoothing", .value = 0.0, .low = 0.0, .high = 1.0, .open_high = true},
    };
    static std::vector<double> constants(const Settings &settings) {
        return {settings["label_smoothing"]};
    }
    static constexpr bool is_likelihood = true;

    DEEPGEN_ANYWHERE explicit LogLoss(std::span<const double> constants)
        : smoothing_(constants[0]) {}

    DEEPGEN_ANYWHERE ClassPoint at(const ClassRow &row) const {
        const double floor = smoothing_ / row.n_classes; // t_j of the other classes
        return {.value = -(1.0 - smoothing_) * row.log_p - smoothing_ * row.mean_log,
                .own = (smoothing_ - floor) - row.others / row.sum,
                .scale = 1.0 / row.sum,
                .shift = -floor};
    }

    ClassCurvature curvature(const ClassRow &) const { return {.along = 0.0, .spread = 1.0}; }

  private:
    double smoothing_;
};

} // namespace deepgen::loss
