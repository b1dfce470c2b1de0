// The gradient of a batch at weights that were moved away: what the sharpness-aware members share.
//
// After `evaluate` the network stands at w + e. `visit` puts every stretch of weights back, bit by
// bit, right before it is shown with its gradient at w + e, L2 included.

#pragma once

#include "engine/optimizers/kept_gradient.hpp"
#include "engine/optimizers/wrapper.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {

// The memory of one step, which the team shares.
template <class T>
struct Elsewhere {
    explicit Elsewhere(const Kernels<T> &kernels_) : kernels(kernels_), gradient(kernels_) {}

    void allocate(const PackedWeights &weights) {
        gradient.allocate(weights);
        origin.assign(as_size(weights.size), T(0));
    }

    const Kernels<T> &kernels;
    KeptGradient<T> gradient; // at w, then at w + e
    Buffer<T> origin;         // w
};

template <class T>
class EvaluatedElsewhere : public Decorated<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    EvaluatedElsewhere(BatchGradient<T> &inner, Elsewhere<T> &memory)
        : Decorated<T>(inner), memory_(memory) {}

    // The loss at w. Batch statistics are those of either point, running ones move at w alone.
    double evaluate(const Team &team, Evaluation evaluation) override {
        const double loss = this->inner_.evaluate(team, evaluation);
        if (!std::isfinite(loss))
            return loss;
        squares_ = memory_.gradient.keep(team, this->inner_);
        const double factor = climb(team, squares_);
        T *const weights = this->inner_.weights();
        T *const origin = memory_.origin.data();
        this->inner_.show(team, memory_.gradient.data(), [&](const Stretch<T> &stretch) {
            std::copy_n(weights + stretch.offset, stretch.n, origin + stretch.offset);
            memory_.kernels.add_scaled(stretch.n, factor, stretch.gradient,
                                       weights + stretch.offset);
            return true;
        });
        const double there = this->inner_.evaluate(team, Evaluation::again);
        if (std::isfinite(there))
            return loss;
        this->inner_.show(team, memory_.gradient.data(), [&](const Stretch<T> &stretch) {
            put_back(stretch);
            return true;
        });
        return there;
    }

    void visit(const Team &team, Visitor visitor) override {
        const double penalty = this->inner_.penalty();
        this->inner_.visit(team, [&](const Stretch<T> &stretch) {
            return visitor(back_with_gradient(stretch, penalty)), true;
        });
    }
    double penalty() const override { return 0.0; } // the gradient has L2 in it

    double gradient_squares() const { return squares_; } // at w

  protected:
    // Turns the gradient that is kept into the direction to go; how much of it makes e.
    virtual double climb(const Team &, double squares) = 0;

    void put_back(const Stretch<T> &stretch) {
        std::copy_n(memory_.origin.data() + stretch.offset, stretch.n,
                    this->inner_.weights() + stretch.offset);
    }
    Stretch<T> back_with_gradient(const Stretch<T> &stretch, double penalty) {
        T *const total = memory_.gradient.data() + stretch.offset;
        memory_.kernels.total_gradient(stretch.n, stretch.gradient,
                                       this->inner_.weights() + stretch.offset,
                                       stretch.coefs ? penalty : 0.0, total);
        put_back(stretch);
        return {stretch.number, stretch.offset, stretch.n, total, stretch.coefs};
    }

    Elsewhere<T> &memory_;

  private:
    double squares_ = 0.0;
};

// The step of a wrapper whose batches are of the type Batch, made from (batch, memory,
// settings...).
template <class Batch, class T, class... Arguments>
StepReport step_elsewhere(Optimizer<T> &base, const Team &team, BatchGradient<T> &batch,
                          StepSize size, Arguments &&...arguments) {
    Batch elsewhere(batch, arguments...);
    StepReport report = base.step(team, elsewhere, size);
    report.gradient_squares = elsewhere.gradient_squares();
    return report;
}

} // namespace deepgen
