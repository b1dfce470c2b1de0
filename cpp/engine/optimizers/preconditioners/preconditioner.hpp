// Preconditioners: the gradient of a batch, whole and with L2, becomes a direction, and an
// elementwise rule takes that in its place.

#pragma once

#include "engine/optimizers/stored_gradient.hpp"
#include "engine/optimizers/wrapper.hpp"

namespace deepgen {

template <class T>
class Preconditioner : public Wrapper<T> {
  public:
    Preconditioner(std::unique_ptr<Optimizer<T>> base, const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), stored_(kernels) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        stored_.allocate(context.weights);
        direction_.assign(as_size(context.weights.size), T(0));
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        PreconditionedBatch preconditioned(batch, *this, size);
        StepReport report = this->base_->step(team, preconditioned, size);
        report.gradient_squares = preconditioned.squares;
        return report;
    }

  protected:
    // Writes the direction of every weight, padding left at zero. Every thread of the team calls
    // it, and the team has to meet before it returns.
    virtual void precondition(const Team &, BatchGradient<T> &, StepSize, const T *gradient,
                              T *direction) = 0;

  private:
    class PreconditionedBatch final : public BatchDecorator<T> {
      public:
        using typename BatchGradient<T>::Visitor;

        PreconditionedBatch(BatchGradient<T> &inner, Preconditioner &owner, StepSize size)
            : BatchDecorator<T>(inner), owner_(owner), size_(size) {}

        void visit_gradient(const Team &team, Visitor visitor) override {
            squares = owner_.stored_.store(team, this->inner_);
            owner_.precondition(team, this->inner_, size_, owner_.stored_.data(),
                                owner_.direction_.data());
            this->inner_.visit_stored_gradient(team, owner_.direction_.data(), visitor);
        }
        double penalty() const override { return 0.0; } // the stored gradient has L2 in it

        double squares = 0.0;

      private:
        Preconditioner &owner_;
        StepSize size_;
    };

    StoredGradient<T> stored_;
    Buffer<T> direction_;
};

} // namespace deepgen
