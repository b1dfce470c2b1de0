// Scaled weight standardization: each unit's weights are centred and brought to unit sum of
// squares, so that inputs of unit variance give products of unit variance.
//
//   w = g gamma (v - mean(v)) / sqrt(max(n var(v), epsilon)),   f(q) = gamma / sqrt(max(q,
//   epsilon))
//
// n var(v) = q: the variance is biased. gamma makes up for what the activation below takes from the
// variance, sqrt(2 / (1 - 1 / pi)) for ReLU; whoever knows that activation gives it. Where q is
// under epsilon, f is constant.
//
// Brock, De & Smith (2021), Characterizing signal propagation to close the performance gap in
// unnormalized ResNets, section 4; epsilon as in the authors' code.

#include "engine/reparametrizations/members.hpp"

#include <cmath>

namespace deepgen::reparametrization {
namespace {

constexpr Parameter parameters[] = {
    {.name = "epsilon", .value = 1e-4, .low = 0.0, .high = infinity, .open_low = true},
    {.name = "gamma", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
};

class ScaledWeightStandardization final : public Reparametrization {
  public:
    explicit ScaledWeightStandardization(const Settings &settings)
        : epsilon_(settings["epsilon"]), gamma_(settings["gamma"]) {}

    Factor factor(double squares, Index) const override {
        if (squares <= epsilon_)
            return {gamma_ / std::sqrt(epsilon_), 0.0, 0.0};
        const double value = gamma_ / std::sqrt(squares), derivative = -0.5 * value / squares;
        return {value, derivative, -1.5 * derivative / squares};
    }

  private:
    double epsilon_, gamma_;
};

} // namespace

constinit const ReparametrizationEntry scaled_weight_standardization{
    .name = "scaled_weight_standardization",
    .parameters = parameters,
    .centred = true,
    .gain = Gain::unit,
    .make = make_reparametrization<ScaledWeightStandardization>,
};

} // namespace deepgen::reparametrization
