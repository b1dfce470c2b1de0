// Adaptive sharpness-aware minimization: the neighbourhood has the size of each weight.
//
//   e = rho T^2 g / (|T g| + 1e-16),   T = |w| + eta for weights, 1 for biases, scales and shifts
//   the base steps from w along the gradient at w + e
//
// Kwon, Kim, Park & Choi (2021), ASAM: adaptive sharpness-aware minimization for scale-invariant
// learning of deep neural networks, section 3, with T as in its authors' code.

#include "engine/optimizers/wrappers/ascent_batch.hpp"
#include "engine/optimizers/wrappers/members.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "rho", .value = 0.1, .low = 0.0, .high = infinity},
    {.name = "eta", .value = 0.01, .low = 0.0, .high = infinity},
};

template <class T>
class AsamBatch final : public AscentBatch<T> {
  public:
    AsamBatch(BatchGradient<T> &inner, Perturbation<T> &perturbation, std::vector<double> &squares,
              double rho, double eta)
        : AscentBatch<T>(inner, perturbation, rho), squares_(squares), eta_(eta) {}

  private:
    double ascent_direction(const Team &team, double) override {
        T *const gradient = this->perturbation_.gradient.data();
        this->inner_.visit_stored_gradient(team, gradient, [&](const WeightChunk<T> &chunk) {
            const T *const weights = this->inner_.weights() + chunk.offset;
            T *const own = gradient + chunk.offset;
            const Kernels<T> &kernels = this->perturbation_.kernels;
            squares_[as_size(chunk.number)] =
                chunk.coefs ? kernels.vectors.scale_by_size(chunk.n, weights, eta_, own)
                            : kernels.vectors.dot(chunk.n, own, own);
            return false;
        });
        const double total = std::accumulate(
            squares_.begin(), squares_.begin() + this->inner_.n_weight_chunks(), 0.0);
        return this->rho_ / (std::sqrt(total) + 1e-16);
    }

    std::vector<double> &squares_; // of T g, for each chunk
    double eta_;
};

template <class T>
class Asam final : public Wrapper<T> {
  public:
    Asam(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels)
        : Wrapper<T>(std::move(base)), perturbation_(kernels), rho_(settings["rho"]),
          eta_(settings["eta"]) {}

    void allocate(const OptimizerContext &context) override {
        Wrapper<T>::allocate(context);
        perturbation_.allocate(context.weights);
        squares_.assign(as_size(context.weights.size / lane_pad<T>), 0.0);
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        return ascent_step<AsamBatch<T>>(*this->base_, team, batch, size, perturbation_, squares_,
                                         rho_, eta_);
    }

  private:
    Perturbation<T> perturbation_;
    std::vector<double> squares_;
    double rho_, eta_;
};

} // namespace

constexpr WrapperEntry wrapper::asam = wrapper_entry<Asam>("asam", parameters);

} // namespace deepgen
