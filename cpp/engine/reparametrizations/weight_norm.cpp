// Weight norm: each unit's weights are a direction and a length, trained apart.
//
//   w = g v / |v|,   f(q) = q^(-1/2)
//   dg = dw v / |v|,   dv = g / |v| (dw - (dw v) v / |v|^2)
//
// dv is orthogonal to v, so plain gradient steps never shorten v. A unit with v = 0 has no
// direction: it gives w = 0 and takes no gradient.
//
// Salimans & Kingma (2016), Weight normalization, eq. (2)-(3).

#include "engine/reparametrizations/members.hpp"

#include <cmath>

namespace deepgen::reparametrization {
namespace {

class WeightNorm final : public Reparametrization {
  public:
    explicit WeightNorm(const Settings &) {}

    Factor factor(double squares, Index) const override {
        if (squares == 0.0)
            return {0.0, 0.0, 0.0};
        const double value = 1.0 / std::sqrt(squares), derivative = -0.5 * value / squares;
        return {value, derivative, -1.5 * derivative / squares};
    }
};

} // namespace

constinit const ReparametrizationEntry weight_norm{
    .name = "weight_norm",
    .parameters = {},
    .centred = false,
    .gain = Gain::unit,
    .make = make_reparametrization<WeightNorm>,
};

} // namespace deepgen::reparametrization
