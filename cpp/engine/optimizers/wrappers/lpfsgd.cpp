// Low-pass filtered descent: the gradient of the loss averaged over a Gaussian around the weights.
//
//   g = mean over n_samples of the gradient at w + e,   e_i ~ N(0, (gamma |w_i|)^2 I)
//
// i runs over units (columns of coefs_) and over whole vectors, those of each embedded feature too.
// Each sample sees the whole batch, where the authors' code gives each a part of it: the same mean
// with less noise, for n_samples gradients a step. The loss that is reported is the mean at the
// displaced weights. Bisla, Wang & Choromanska (2022), Low-pass filtering SGD for recovering flat
// optima in the deep learning optimization landscape, algorithm 1.

#include "engine/core/distributions.hpp"
#include "engine/optimizers/wrappers/members.hpp"
#include "engine/optimizers/wrappers/perturbed_batch.hpp"
#include "engine/optimizers/wrappers/units.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "gamma", .value = 5e-4, .low = 0.0, .high = infinity},
    {.name = "n_samples", .value = 1.0, .low = 1.0, .high = 1e6, .integer = true},
};

// What the team shares.
template <class T>
struct Filter {
    Filter(const Settings &settings, const Kernels<T> &kernels)
        : perturbation(kernels), gamma(settings["gamma"]),
          n_samples(static_cast<Index>(settings["n_samples"])) {}

    Perturbation<T> perturbation;
    Buffer<T> noise;
    std::vector<UnitGroup> groups;
    PackedWeights weights{};
    double gamma;
    Index n_samples;
    std::uint64_t key = 0; // of the run
};

template <class T>
class Filtered final : public PerturbedBatch<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    Filtered(BatchGradient<T> &inner, Filter<T> &filter, std::uint64_t key)
        : PerturbedBatch<T>(inner, filter.perturbation), filter_(filter), key_(key) {}

    double evaluate(const Team &team, Evaluation evaluation) override {
        double loss = 0.0;
        for (Index sample = 0; sample < filter_.n_samples; ++sample) {
            draw(team, random::child(key_, static_cast<std::uint64_t>(sample)));
            this->perturb(team, filter_.noise.data(), 1.0);
            const double here =
                this->inner_.evaluate(team, sample == 0 ? evaluation : Evaluation::again);
            if (!std::isfinite(here)) {
                this->restore_all(team);
                return here;
            }
            loss += here / static_cast<double>(filter_.n_samples);
            if (sample + 1 < filter_.n_samples)
                this->inner_.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
                    collect(chunk, sample);
                    return false; // they move again before anything is derived from them
                });
        }
        return loss;
    }

    void visit_gradient(const Team &team, Visitor visitor) override {
        this->inner_.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
            visitor(collect(chunk, filter_.n_samples - 1));
            return true;
        });
    }

  private:
    // The noise of one sample; numbered by the place in coefs_, so that packing does not matter.
    void draw(const Team &team, std::uint64_t key) {
        const random::Ziggurat &ziggurat = random::Ziggurat::instance();
        const IndexRange own = team.share(static_cast<Index>(filter_.groups.size()));
        for (Index g = own.begin; g < own.end; ++g) {
            const UnitGroup &group = filter_.groups[as_size(g)];
            const bool in_front = group.block == UnitGroup::Block::front;
            const PackedLayer &layer = filter_.weights.layers[in_front ? 0 : as_size(group.layer)];
            const bool matrix = group.block == UnitGroup::Block::coefs ||
                                group.block == UnitGroup::Block::gate_coefs;
            const Index n_units = in_front                                ? group.length
                                  : group.block == UnitGroup::Block::gain ? layer.n_gains
                                                                          : layer.n_outputs;
            const UnitNorms<T> norms = unit_norms(group, this->inner_.weights());
            const auto number = static_cast<std::uint64_t>(group.layer);
            const std::uint64_t block_key = random::child(
                key, in_front ? ~number : 8 * number + static_cast<std::uint64_t>(group.block));
            group.for_each_piece([&](Index piece, Index offset, Index length) {
                for (Index i = 0; i < length; ++i) {
                    const Index unit = group.apart || !matrix ? group.unit + i : group.unit;
                    const Index input = !matrix       ? 0
                                        : group.apart ? piece
                                                      : piece * group.length + i;
                    if (unit >= n_units || input >= layer.n_features)
                        continue; // padding
                    const double width = filter_.gamma * norms[as_size(group.apart ? i : 0)];
                    const auto place = static_cast<std::uint64_t>(input * layer.n_outputs + unit);
                    filter_.noise[as_size(offset + i)] =
                        static_cast<T>(width * ziggurat.normal(block_key, place));
                }
            });
        }
        team.wait();
    }

    // The mean so far; the weights are back where they were.
    WeightChunk<T> collect(const WeightChunk<T> &chunk, Index sample) {
        if (sample == 0 && filter_.n_samples == 1)
            return this->restored_with_gradient(chunk);
        T *const mean = this->perturbation_.gradient.data() + chunk.offset;
        const double share = 1.0 / static_cast<double>(filter_.n_samples);
        if (sample == 0)
            std::fill_n(mean, chunk.n, T(0));
        const Kernels<T> &kernels = this->perturbation_.kernels;
        kernels.vectors.add_scaled(chunk.n, share, chunk.gradient, mean);
        if (chunk.coefs)
            kernels.vectors.add_scaled(chunk.n, share * this->inner_.penalty(),
                                       this->inner_.weights() + chunk.offset, mean);
        this->restore(chunk);
        return {chunk.number, chunk.offset, chunk.n, mean, chunk.coefs};
    }

    Filter<T> &filter_;
    std::uint64_t key_; // of the step
};

template <class T>
class LowPassFilter final : public Wrapper<T> {
  public:
    LowPassFilter(std::unique_ptr<Optimizer<T>> base, const Settings &settings,
                  const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), filter_(settings, kernels) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        filter_.perturbation.allocate(context.weights);
        filter_.noise.assign(as_size(context.weights.size), T(0));
        filter_.weights = context.weights;
        filter_.groups = unit_groups(context, lane_pad<T>);
        filter_.key = random::stream(context.seed, random::Purpose::perturbation);
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        Filtered<T> filtered(batch, filter_,
                             random::child(filter_.key, static_cast<std::uint64_t>(size.count)));
        return this->base_->step(team, filtered, size);
    }

  private:
    Filter<T> filter_;
};

} // namespace

constexpr WrapperEntry wrapper::lpfsgd = wrapper_entry<LowPassFilter>("lpfsgd", parameters);

} // namespace deepgen
