// Clipping by the global norm: a gradient that is too long is shortened, its direction kept.
//
//   g <- g min(1, limit / (|g| + 1e-6))
//
// over all numbers jointly, L2 included. Pascanu, Mikolov & Bengio (2013), On the difficulty of
// training recurrent neural networks, algorithm 1; the 1e-6 is PyTorch's. A gradient that is short
// enough passes bit by bit.

#include "engine/optimizers/stored_gradient.hpp"
#include "engine/optimizers/wrappers/members.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "limit", .value = 1.0, .low = 0.0, .high = infinity, .open_low = true},
};

template <class T>
class Clipped final : public BatchDecorator<T> {
  public:
    using typename BatchGradient<T>::Visitor;

    Clipped(BatchGradient<T> &inner, StoredGradient<T> &stored, const Kernels<T> &kernels,
            double limit)
        : BatchDecorator<T>(inner), stored_(stored), kernels_(kernels), limit_(limit) {}

    void visit_gradient(const Team &team, Visitor visitor) override {
        squares_ = stored_.store(team, this->inner_);
        const double factor = std::min(1.0, limit_ / (std::sqrt(squares_) + 1e-6));
        this->inner_.visit_stored_gradient(team, stored_.data(), [&](const WeightChunk<T> &chunk) {
            if (factor < 1.0)
                kernels_.vectors.scale(chunk.n, factor, stored_.data() + chunk.offset);
            return visitor(chunk);
        });
    }
    double penalty() const override { return 0.0; } // the stored gradient has L2 in it
    double gradient_squares() const { return squares_; }

  private:
    StoredGradient<T> &stored_;
    const Kernels<T> &kernels_;
    double limit_;
    double squares_ = 0.0; // before clipping
};

template <class T>
class ClipNorm final : public Wrapper<T> {
  public:
    ClipNorm(std::unique_ptr<Optimizer<T>> base, const Settings &settings,
             const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), kernels_(kernels), stored_(kernels),
          limit_(settings["limit"]) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        stored_.allocate(context.weights);
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        Clipped<T> clipped(batch, stored_, kernels_, limit_);
        StepReport report = this->base_->step(team, clipped, size);
        report.gradient_squares = clipped.gradient_squares();
        return report;
    }

  private:
    const Kernels<T> &kernels_;
    StoredGradient<T> stored_;
    double limit_;
};

} // namespace

constexpr WrapperEntry wrapper::clip_norm = wrapper_entry<ClipNorm>("clip_norm", parameters);

} // namespace deepgen
