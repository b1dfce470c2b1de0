// The chain rule through reparametrizations: between a network's trained numbers and those of the
// plain network with its effective weights, which is what a probe measures.
//
// With w the effective and t the trained numbers, L a loss of the plain network and T = dw/dt,
//
//   push forward   R w = T R t
//   pull back      dL/dt = T^T dL/dw
//   its R          R dL/dt = T^T R dL/dw + (R T)^T dL/dw
//
// so a Hessian's product along R t is the last line with R dL/dw = (d2L/dw2) T R t. All vectors
// have the layout of the trained numbers; what belongs to effective weights stands in the place of
// coefs, the places of gains count for nothing and come out as 0. Formulas:
// reparametrizations/reparametrization.hpp.

#pragma once

#include "engine/network/parameters.hpp"

namespace deepgen {

class Chain {
  public:
    Chain(const Network<double> &network, const double *parameters);

    // (n_trainable,) each.
    void push_forward(const double *direction, double *moved) const;
    void pull_back(double *gradient);
    // `tangent`: R dL/dw in, R dL/dt out; `gradient` is dL/dw.
    void pull_back_tangent(const double *direction, const double *gradient, double *tangent) const;

  private:
    // A unit's numbers along their stride.
    struct Column;
    template <class Work>
    void for_each_unit(Work work) const;

    const Network<double> &network_;
    std::vector<double> trained_;
    PackedParameters<double> packed_;
    Buffer<double> packed_gradient_;
};

} // namespace deepgen
