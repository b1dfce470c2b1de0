// A scalar gain: all weights of a layer times one trained number.
//
//   w = g v,   f(q) = 1
//
// The multiplier of a residual branch, whose last layer carries it: Zhang, Dauphin & Ma (2019),
// Fixup initialization, section 3, starts it at 1; De & Smith (2020), Batch normalization biases
// residual blocks towards the identity, section 4 (SkipInit), at 0.

#include "engine/reparametrizations/members.hpp"

namespace deepgen::reparametrization {
namespace {

class ScalarGain final : public Reparametrization {
  public:
    explicit ScalarGain(const Settings &) {}

    bool constant() const override { return true; }
    Factor factor(double, Index) const override { return {1.0, 0.0, 0.0}; }
};

} // namespace

constinit const ReparametrizationEntry gain{
    .name = "gain",
    .parameters = {},
    .centred = false,
    .gain = Gain::layer,
    .make = make_reparametrization<ScalarGain>,
};

} // namespace deepgen::reparametrization
