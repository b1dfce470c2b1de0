// Pinball loss: a conditional quantile, or several that cannot cross.
//
//   l(m, y) = max(q (y - m), (q - 1) (y - m)),   l' = -q if m < y, 1 - q if m > y, 0 at m = y, l''
//   = 0
//
// One q: m = z, each output with a target of its own. Several: one target, and l summed over
//   m_0 = z_0,   m_j = m_(j-1) + log(1 + e^(z_j))
// whose curvature is that of the rises alone: diagonal, sum_(k >= j) l'_k s (1 - s), s = sigmoid
// z_j.
//
// Likelihood: asymmetric Laplace's, of which E[l'^2] = q (1 - q); several as if each had a target
// of its own.
//
// Koenker & Bassett (1978), Regression quantiles.

#pragma once

#include "engine/losses/row.hpp"

#include <algorithm>
#include <functional>

namespace deepgen::loss {

// Of one q and m = z.
class Pinball {
  public:
    DEEPGEN_ANYWHERE explicit Pinball(double quantile) : quantile_(quantile) {}

    DEEPGEN_ANYWHERE Point at(double z, double y) const {
        const double r = y - z;
        if (r > 0.0)
            return {.value = quantile_ * r, .derivative = -quantile_};
        return {.value = (quantile_ - 1.0) * r, .derivative = r < 0.0 ? 1.0 - quantile_ : 0.0};
    }
    double second_derivative(double, double) const { return 0.0; }
    double fisher(double) const { return quantile_ * (1.0 - quantile_); }
    double mean(double z) const { return z; }

  private:
    double quantile_;
};

// Of one q or several, which have to stay.
struct Quantile {
    static constexpr Parameter parameters[] = {
        {.name = "quantile",
         .value = 0.5,
         .low = 0.0,
         .high = 1.0,
         .open_low = true,
         .open_high = true,
         .many = true},
    };
    static std::vector<double> constants(const Settings &settings) {
        const std::vector<double> &quantiles = settings.values("quantile");
        require(std::ranges::adjacent_find(quantiles, std::greater_equal{}) == quantiles.end(),
                "quantile: several quantiles must be given in ascending order, without repeats");
        return quantiles;
    }

    DEEPGEN_ANYWHERE explicit Quantile(std::span<const double> constants) : quantiles(constants) {}

    DEEPGEN_ANYWHERE Pinball pinball(Index j) const { return Pinball(quantiles[as_size(j)]); }

    std::span<const double> quantiles;
};

// m_j - m_(j-1)
template <class T>
DEEPGEN_ANYWHERE double rise(const T *outputs, Index j) {
    const double z = static_cast<double>(outputs[j]);
    return j == 0 ? z : softplus(z);
}

// factor times the derivative of the rise in z_j.
template <class T>
struct Slope {
    DEEPGEN_ANYWHERE double operator()(Index j) const {
        return factor * (j == 0 ? 1.0 : sigmoid(static_cast<double>(outputs[j])));
    }
    double factor;
    const T *outputs;
};

// gradient_j <- factor(j) sum_(k >= j) gradient_k: z_j enters m_j and all quantiles above it.
template <class T, class Factor>
DEEPGEN_ANYWHERE void pull_back(T *gradient, Index n_outputs, Factor factor) {
    double above = 0.0;
    for (Index j = n_outputs - 1; j >= 0; --j) {
        above += static_cast<double>(gradient[j]);
        gradient[j] = static_cast<T>(factor(j) * above);
    }
}

template <std::same_as<Quantile> Formula, class T, class Powers>
DEEPGEN_ANYWHERE double loss_of_row(const Formula &formula, const Row<T> &row, double factor,
                                    T *gradient, Powers powers) {
    if (formula.quantiles.size() == 1)
        return loss_of_row(formula.pinball(0), row, factor, gradient, powers);
    const double y = static_cast<double>(row.values[0]);
    double mean = 0.0;
    double sum = 0.0;
    for (Index j = 0; j < row.n_outputs; ++j) {
        mean += rise(row.outputs, j);
        const Point point = formula.pinball(j).at(mean, y);
        sum += point.value;
        if (gradient)
            gradient[j] = static_cast<T>(point.derivative);
    }
    if (gradient)
        pull_back(gradient, row.n_outputs, Slope<T>{.factor = factor, .outputs = row.outputs});
    return sum;
}

} // namespace deepgen::loss
