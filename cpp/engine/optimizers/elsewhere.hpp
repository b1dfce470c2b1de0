// One step uphill and the gradient there: what the sharpness-aware members share.

#pragma once

#include "engine/optimizers/displaced.hpp"

namespace deepgen {

template <class T>
class EvaluatedElsewhere : public Displaced<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    EvaluatedElsewhere(BatchGradient<T> &inner, Displacement<T> &memory, double rho)
        : Displaced<T>(inner, memory), rho_(rho) {}

    // The loss at w. Batch statistics are those of either point, running ones move at w alone.
    double evaluate(const Team &team, Evaluation evaluation) override {
        const double loss = this->inner_.evaluate(team, evaluation);
        if (!std::isfinite(loss))
            return loss;
        squares_ = this->memory_.gradient.keep(team, this->inner_);
        const double factor = climb(team, squares_);
        this->move(team, this->memory_.gradient.data(), factor);
        const double there = this->inner_.evaluate(team, Evaluation::again);
        if (std::isfinite(there))
            return loss;
        this->put_all_back(team);
        return there;
    }

    void visit(const Team &team, Visitor visitor) override {
        this->inner_.visit(team, [&](const WeightChunk<T> &chunk) {
            visitor(this->back_with_gradient(chunk));
            return true;
        });
    }

    double gradient_squares() const { return squares_; } // at w

  protected:
    const double rho_; // how far to go

  private:
    // Turns the gradient that is kept into the direction to go; how much of it makes e. As it is,
    // that of SAM.
    virtual double climb(const Team &, double squares) {
        return rho_ / (std::sqrt(squares) + 1e-12);
    }

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
