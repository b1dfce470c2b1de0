// Weight standardization: each unit's weights are centred and divided by their deviation.
//
//   w = (v - mean(v)) / (s + epsilon),   s = sqrt(q / (n - ddof)),   f(q) = 1 / (s + epsilon)
//
// n is the number of inputs. ddof = 0 is the biased deviation of the paper's TensorFlow code, 1 the
// unbiased one of its PyTorch code. Constant weights give w = 0, where s has no derivative.
//
// Qiao, Wang, Liu, Shen & Yuille (2019), Micro-batch training with batch-channel normalization and
// weight standardization, eq. (10).

#include "engine/reparametrizations/members.hpp"

#include <cmath>

namespace deepgen::reparametrization {
namespace {

constexpr Parameter parameters[] = {
    {.name = "epsilon", .value = 1e-5, .low = 0.0, .high = infinity, .open_low = true},
    {.name = "ddof", .value = 0.0, .low = 0.0, .high = 1.0, .integer = true},
};

class WeightStandardization final : public Reparametrization {
  public:
    explicit WeightStandardization(const Settings &settings)
        : epsilon_(settings["epsilon"]), ddof_(settings["ddof"]) {}

    Factor factor(double squares, Index n_inputs) const override {
        if (squares == 0.0)
            return {1.0 / epsilon_, 0.0, 0.0};
        const double s = std::sqrt(squares / (static_cast<double>(n_inputs) - ddof_));
        const double rate = 0.5 * s / squares; // ds/dq
        const double value = 1.0 / (s + epsilon_), derivative = -value * value * rate;
        return {value, derivative, -2.0 * value * derivative * rate - 0.5 * derivative / squares};
    }

  private:
    double epsilon_, ddof_;
};

} // namespace

constinit const ReparametrizationEntry weight_standardization{
    .name = "weight_standardization",
    .parameters = parameters,
    .centred = true,
    .gain = Gain::none,
    .make = make_reparametrization<WeightStandardization>,
};

} // namespace deepgen::reparametrization
