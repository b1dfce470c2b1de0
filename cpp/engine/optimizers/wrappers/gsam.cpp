// Surrogate-gap guided sharpness-aware minimization: descends the loss at the worst point near by
// and, across that, the gap between it and the loss itself.
//
//   g_p = gradient at w + e, e as for SAM
//   g_across = g - (g . g_p) / |g_p|^2 g_p
//   the base steps from w along g_p - alpha g_across
//
// Zhuang, Gong, Yuan, Cui, Adam, Dvornek, Tatikonda, Duncan & Liu (2022), Surrogate gap
// minimization improves sharpness-aware training, algorithm 1 with a constant rho. With alpha = 0
// it is SAM bit by bit.

#include "engine/optimizers/wrappers/ascent_batch.hpp"
#include "engine/optimizers/wrappers/members.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "rho", .value = 0.05, .low = 0.0, .high = infinity},
    {.name = "alpha", .value = 0.4, .low = 0.0, .high = infinity},
};

// What a step needs beside the two points.
struct Gap {
    std::vector<double> products, squares; // g . g_p and |g_p|^2 of each chunk
};

template <class T>
class GsamBatch final : public AscentBatch<T> {
  public:
    using typename BatchGradient<T>::Visitor;

    GsamBatch(BatchGradient<T> &inner, Perturbation<T> &perturbation, Gap &gap, double rho,
              double alpha)
        : AscentBatch<T>(inner, perturbation, rho), gap_(gap), alpha_(alpha) {}

    void visit_gradient(const Team &team, Visitor visitor) override {
        const Kernels<T> &kernels = this->perturbation_.kernels;
        T *const own = this->perturbation_.gradient.data();    // at w
        T *const perturbed = this->perturbation_.saved.data(); // at w + e
        AscentBatch<T>::visit_gradient(team, [&](const WeightChunk<T> &chunk) {
            gap_.products[as_size(chunk.number)] =
                kernels.vectors.dot(chunk.n, own + chunk.offset, chunk.gradient);
            gap_.squares[as_size(chunk.number)] =
                kernels.vectors.dot(chunk.n, chunk.gradient, chunk.gradient);
            return true;
        });
        const double squares = total(gap_.squares);
        const double along = squares > 0.0 ? total(gap_.products) / squares : 0.0;
        this->inner_.visit_stored_gradient(team, perturbed, [&](const WeightChunk<T> &chunk) {
            T *const across = own + chunk.offset; // the gradient at w until now
            kernels.vectors.add_scaled(chunk.n, -along, chunk.gradient, across);
            kernels.vectors.add_scaled(chunk.n, -alpha_, across, perturbed + chunk.offset);
            return visitor(chunk);
        });
    }

  private:
    double total(const std::vector<double> &sums) const {
        return std::accumulate(sums.begin(), sums.begin() + this->inner_.n_weight_chunks(), 0.0);
    }

    Gap &gap_;
    double alpha_;
};

template <class T>
class Gsam final : public Wrapper<T> {
  public:
    Gsam(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), perturbation_(kernels), rho_(settings["rho"]),
          alpha_(settings["alpha"]) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        perturbation_.allocate(context.weights);
        gap_.products.assign(as_size(context.weights.size / lane_pad<T>), 0.0);
        gap_.squares = gap_.products;
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        return ascent_step<GsamBatch<T>>(*this->base_, team, batch, size, perturbation_, gap_, rho_,
                                         alpha_);
    }

  private:
    Perturbation<T> perturbation_;
    Gap gap_;
    double rho_, alpha_;
};

} // namespace

constexpr WrapperEntry wrapper::gsam = wrapper_entry<Gsam>("gsam", parameters);

} // namespace deepgen
