// Elementwise optimizers: each weight moves by its own gradient and state. The rule runs on a
// chunk of the gradient as soon as it is computed, so the gradient is never written out.

#pragma once

#include "engine/optimizers/optimizer.hpp"

namespace deepgen {

template <class T>
class Elementwise final : public Optimizer<T> {
  public:
    Elementwise(const Component &component, const Kernels<T> &kernels);

    void allocate(const OptimizerContext &) override;
    StepReport step(const Team &, BatchGradient<T> &, StepSize) override;
    std::vector<StateArray<T>> state() override;

  private:
    // Weights up to `end`, from where the one before ends, whose rate has one of `factors_`.
    struct Stretch {
        Index end;
        std::size_t factor;
    };
    void share_out(const OptimizerContext &);

    const Rule<T> *rule_;
    std::vector<double> settings_; // as the rule's parameters; the last is weight_decay
    std::vector<double> factors_;
    std::vector<Stretch> stretches_;
    std::vector<Buffer<T>> state_;
    std::vector<double> gradient_squares_, weight_squares_; // of each chunk
};

} // namespace deepgen
