// Gaussian noise on every feature, in units of the feature's own spread.
//
//   x~_j = x_j + scale s_j g,   g ~ N(0, 1),   s_j the standard deviation of feature j over the
//                                              training part, by sample weight
//
// On a linear model with squared error this is, in expectation, ridge with n scale^2 s_j^2 on
// weight j: Bishop (1995), Training with noise is equivalent to Tikhonov regularization.

#include "engine/augmentations/members.hpp"
#include "engine/core/distributions.hpp"
#include "engine/core/moments.hpp"

namespace deepgen::augmentation {
namespace {

constexpr Parameter parameters[] = {
    {.name = "scale", .value = 0.02, .low = 0.0, .high = infinity},
};

template <class T>
class Jitter final : public Augmentation<T> {
  public:
    Jitter(const Settings &settings, const TrainingPart<T> &part)
        : Augmentation<T>(part), spread_(Moments(part).deviation) {
        for (double &spread : spread_)
            spread *= settings["scale"];
    }

    using Augmentation<T>::change;

    void change(Index position, T *features) const override {
        const std::uint64_t key = this->row_key(position);
        for (std::size_t j = 0; j < spread_.size(); ++j)
            features[j] += static_cast<T>(spread_[j] * noise_.normal(key, j));
    }

  private:
    std::vector<double> spread_;
    const random::Ziggurat &noise_ = random::Ziggurat::instance();
};

} // namespace

constinit const AugmentationEntry jitter{.name = "jitter",
                                         .parameters = parameters,
                                         .takes_sparse = false,
                                         .make_float = make_member<float, Jitter>,
                                         .make_double = make_member<double, Jitter>};

} // namespace deepgen::augmentation
