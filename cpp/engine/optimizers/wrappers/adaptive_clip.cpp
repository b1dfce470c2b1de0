// Adaptive gradient clipping: no unit's gradient is longer than a share of its weights.
//
//   limit = ratio max(|w_i|, 1e-3)
//   g_i <- g_i limit / |g_i|            where |g_i| > limit
//
// i runs over units (columns of coefs_) and over whole vectors, those of each embedded feature too;
// the last layer is left alone. L2 is part of the gradient. Brock, De, Smith & Simonyan (2021),
// High-performance large-scale image recognition without normalization, eq. (3).

#include "engine/optimizers/stored_gradient.hpp"
#include "engine/optimizers/wrappers/members.hpp"
#include "engine/optimizers/wrappers/units.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "ratio", .value = 0.01, .low = 0.0, .high = infinity, .open_low = true},
};

constexpr double least_weight = 1e-3, least_gradient = 1e-6;

// Shortens what is too long in one group of the gradient.
template <class T>
void clip(const UnitGroup &group, const T *weights, double ratio, T *gradient) {
    const UnitNorms<T> sizes = unit_norms(group, weights), lengths = unit_norms(group, gradient);
    std::array<T, as_size(lane_pad<T>)> factors;
    for (std::size_t i = 0; i < factors.size(); ++i) {
        const double limit = ratio * std::max(sizes[i], least_weight);
        const double factor = limit / std::max(lengths[i], least_gradient);
        factors[i] = lengths[i] > limit ? static_cast<T>(factor) : T(1);
    }
    if (std::ranges::all_of(factors, [](T factor) { return factor == T(1); }))
        return;
    group.for_each_piece([&](Index, Index offset, Index length) {
        for (Index i = 0; i < length; ++i)
            gradient[offset + i] *= factors[as_size(group.apart ? i : 0)];
    });
}

// What the team shares.
template <class T>
struct Units {
    explicit Units(const Kernels<T> &kernels) : gradient(kernels) {}

    StoredGradient<T> gradient;
    std::vector<UnitGroup> groups; // those that are clipped
    double ratio = 0.0;
};

template <class T>
class AdaptivelyClipped final : public BatchDecorator<T> {
  public:
    using typename BatchGradient<T>::Visitor;

    AdaptivelyClipped(BatchGradient<T> &inner, Units<T> &units)
        : BatchDecorator<T>(inner), units_(units) {}

    void visit_gradient(const Team &team, Visitor visitor) override {
        squares_ = units_.gradient.store(team, this->inner_);
        const IndexRange own = team.share(static_cast<Index>(units_.groups.size()));
        for (Index i = own.begin; i < own.end; ++i)
            clip(units_.groups[as_size(i)], this->inner_.weights(), units_.ratio,
                 units_.gradient.data());
        team.wait();
        this->inner_.visit_stored_gradient(team, units_.gradient.data(), visitor);
    }
    double penalty() const override { return 0.0; } // the stored gradient has L2 in it
    double gradient_squares() const { return squares_; }

  private:
    Units<T> &units_;
    double squares_ = 0.0; // before clipping
};

template <class T>
class AdaptiveClip final : public Wrapper<T> {
  public:
    AdaptiveClip(std::unique_ptr<Optimizer<T>> base, const Settings &settings,
                 const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), units_(kernels) {
        units_.ratio = settings["ratio"];
    }

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        units_.gradient.allocate(context.weights);
        units_.groups = unit_groups(context, lane_pad<T>);
        std::erase_if(units_.groups, [&](const UnitGroup &group) {
            return group.block != UnitGroup::Block::front &&
                   context.weights.layers[as_size(group.layer)].last;
        });
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        AdaptivelyClipped<T> clipped(batch, units_);
        StepReport report = this->base_->step(team, clipped, size);
        report.gradient_squares = clipped.gradient_squares();
        return report;
    }

  private:
    Units<T> units_;
};

} // namespace

constexpr WrapperEntry wrapper::adaptive_clip =
    wrapper_entry<AdaptiveClip>("adaptive_clip", parameters);

} // namespace deepgen
