// Elementwise optimizers: each weight moves by its own gradient and state. The rule runs on a
// chunk of the gradient as soon as it is computed, so the gradient is never written out.

#pragma once

#include "engine/optimizers/rules/rated_rule.hpp"

namespace deepgen {

template <class T>
class Elementwise final : public Optimizer<T> {
  public:
    Elementwise(const Component &component, const Kernels<T> &kernels)
        : rule_(component, kernels) {}

    void allocate(const OptimizerContext &) override;
    StepReport step(const Team &, BatchGradient<T> &, StepSize) override;
    std::vector<StateArray<T>> state() override;

  private:
    using Stretch = typename RatedRule<T>::Stretch;

    RatedRule<T> rule_;
    std::vector<Buffer<T>> state_;
    std::vector<double> gradient_squares_, weight_squares_; // of each chunk
};

} // namespace deepgen
