// Sharpness-aware minimization: the gradient at the worst point near by, to first order.
//
//   e = rho g / (|g| + 1e-12),   g the gradient at w over all numbers jointly
//   the base steps from w along the gradient at w + e
//
// L2 is part of the loss at both points. Foret, Kleiner, Mobahi & Neyshabur (2021),
// Sharpness-aware minimization for efficiently improving generalization, algorithm 1.

#include "engine/optimizers/wrappers/ascent_batch.hpp"
#include "engine/optimizers/wrappers/members.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "rho", .value = 0.05, .low = 0.0, .high = infinity},
};

template <class T>
class Sam final : public Wrapper<T> {
  public:
    Sam(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), perturbation_(kernels), rho_(settings["rho"]) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        perturbation_.allocate(context.weights);
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        return ascent_step<AscentBatch<T>>(*this->base_, team, batch, size, perturbation_, rho_);
    }

  private:
    Perturbation<T> perturbation_;
    double rho_;
};

} // namespace

constexpr WrapperEntry wrapper::sam = wrapper_entry<Sam>("sam", parameters);

} // namespace deepgen
