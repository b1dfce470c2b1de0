// A batch whose gradient is taken one step uphill: what the sharpness-aware members share.

#pragma once

#include "engine/optimizers/wrappers/perturbed_batch.hpp"

namespace deepgen {

template <class T>
class AscentBatch : public PerturbedBatch<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    AscentBatch(BatchGradient<T> &inner, Perturbation<T> &perturbation, double rho)
        : PerturbedBatch<T>(inner, perturbation), rho_(rho) {}

    // Returns the loss at w. Batch statistics are those of each point; the running ones move at w
    // only.
    double evaluate(const Team &team, Evaluation evaluation) override {
        const double loss = this->inner_.evaluate(team, evaluation);
        if (!std::isfinite(loss))
            return loss;
        squares_ = this->perturbation_.gradient.store(team, this->inner_);
        const double factor = ascent_direction(team, squares_);
        this->perturb(team, this->perturbation_.gradient.data(), factor);
        const double perturbed_loss = this->inner_.evaluate(team, Evaluation::again);
        if (std::isfinite(perturbed_loss))
            return loss;
        this->restore_all(team);
        return perturbed_loss;
    }

    void visit_gradient(const Team &team, Visitor visitor) override {
        this->inner_.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
            visitor(this->restored_with_gradient(chunk));
            return true;
        });
    }

    double gradient_squares() const { return squares_; } // at w

  protected:
    const double rho_; // length of the step uphill

  private:
    // Turns the stored gradient into the direction of ascent and returns the factor that makes e of
    // it. This default is SAM's.
    virtual double ascent_direction(const Team &, double squares) {
        return rho_ / (std::sqrt(squares) + 1e-12);
    }

    double squares_ = 0.0;
};

// The step of a wrapper whose batches are of the type Batch and are made from (batch, perturbation,
// settings...).
template <class Batch, class T, class... Arguments>
StepReport ascent_step(Optimizer<T> &base, const Team &team, BatchGradient<T> &batch, StepSize size,
                       Arguments &&...arguments) {
    Batch perturbed(batch, arguments...);
    StepReport report = base.step(team, perturbed, size);
    report.gradient_squares = perturbed.gradient_squares();
    return report;
}

} // namespace deepgen
