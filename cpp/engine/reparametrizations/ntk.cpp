// NTK parametrization: trained numbers of size 1, whatever a layer's number of inputs n.
//
//   w = v / sqrt(n),   f(q) = n^(-1/2)
//   dv = dw / sqrt(n)
//
// A step of Adam on v changes w by the rate over sqrt(n), so that one rate fits layers of few and
// of many inputs.
//
// Jacot, Gabriel & Hongler (2018), Neural tangent kernel, section 3.

#include "engine/reparametrizations/members.hpp"

#include <cmath>

namespace deepgen::reparametrization {
namespace {

class Ntk final : public Reparametrization {
  public:
    explicit Ntk(const Settings &) {}

    bool constant() const override { return true; }
    Factor factor(double, Index n_inputs) const override {
        return {1.0 / std::sqrt(static_cast<double>(n_inputs)), 0.0, 0.0};
    }
};

} // namespace

constinit const ReparametrizationEntry ntk{
    .name = "ntk",
    .parameters = {},
    .centred = false,
    .gain = Gain::none,
    .make = make_reparametrization<Ntk>,
};

} // namespace deepgen::reparametrization
