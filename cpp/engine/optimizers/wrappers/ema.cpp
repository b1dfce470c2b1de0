// The exponential moving average of the weights, beside the training that moves them.
//
//   a <- w                            after the first step
//   a <- a + (1 - decay) (w - a)      after each later one
//
// Polyak & Juditsky (1992), Acceleration of stochastic approximation by averaging; the first step
// as PyTorch's swa_utils. Padding is averaged too and stays zero.
//
// The average moves when the step is over, not chunk by chunk inside it: what is wrapped may
// move weights for the while (to look at another point) or outside of a visit.

#include "engine/optimizers/wrappers/members.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "decay", .value = 0.99, .low = 0.0, .high = 1.0, .open_high = true},
};

template <class T>
class Ema final : public Wrapper<T> {
  public:
    Ema(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), kernels_(kernels), decay_(settings["decay"]) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        average_.assign(as_size(context.weights.size), T(0));
        begun_.assign(1, T(0));
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        const StepReport report = this->base_->step(team, batch, size);
        if (!report.finite)
            return report;
        const IndexRange lines = team.share(batch.n_weights() / lane_pad<T>);
        const Index begin = lines.begin * lane_pad<T>;
        const bool first = begun_[0] == T(0);
        kernels_.vectors.lerp((lines.end - lines.begin) * lane_pad<T>, first ? 1.0 : 1.0 - decay_,
                              batch.weights() + begin, average_.data() + begin);
        if (first) {
            team.wait(); // all have seen that it is
            if (team.rank == 0)
                begun_[0] = T(1);
        }
        return report;
    }

    std::vector<StateArray<T>> state() override {
        std::vector<StateArray<T>> all = this->base_->state();
        all.push_back({"ema_average", average_, true});
        all.push_back({"ema_begun", begun_, false});
        return all;
    }

  private:
    const Kernels<T> &kernels_;
    double decay_;
    Buffer<T> average_;
    Buffer<T> begun_; // a single 0 or 1
};

} // namespace

constexpr WrapperEntry wrapper::ema = wrapper_entry<Ema>("ema", parameters);

} // namespace deepgen
