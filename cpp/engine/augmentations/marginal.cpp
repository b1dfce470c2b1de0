// Draws from marginals: a feature takes the value that some training row has there, each feature
// that of a row of its own.
//
//   x~_j = x_(r_j)j with `probability`, else x_j;   r_j uniform over the training part
//
// So values that are put in belong together no more than independent ones. A row of weight 0 gives
// nothing. Where probability is small, swap noise costs less: its four donors stand in the cache.
//
// Yoon, Zhang, Jordon & van der Schaar (2020), VIME; Bahri, Jiang, Tay & Metzler (2022), SCARF.

#include "engine/augmentations/members.hpp"
#include "engine/core/distributions.hpp"

namespace deepgen::augmentation {
namespace {

constexpr Parameter parameters[] = {
    {.name = "probability", .value = 0.02, .low = 0.0, .high = 1.0},
};

template <class T>
class Marginal final : public Augmentation<T> {
  public:
    Marginal(const Settings &settings, const TrainingPart<T> &part)
        : Augmentation<T>(part), chance_(random::chance(settings["probability"])) {}

    using Augmentation<T>::change;

    void change(Index position, T *features) const override {
        const auto &[X, rows, weights] = this->part_;
        const std::uint64_t key = this->row_key(position);
        const auto n = static_cast<std::uint64_t>(rows.size);
        const std::size_t n_columns = as_size(X.n_columns);
        for (std::size_t j = 0; j < n_columns; ++j) {
            if (!random::happens(chance_, random::value(key, j)))
                continue;
            const Index row = rows[static_cast<Index>(random::below(n, key, n_columns + j))];
            if (!weights || weights[row] != T(0))
                features[j] = X.dense[row * X.n_columns + static_cast<Index>(j)];
        }
    }

  private:
    std::uint64_t chance_;
};

} // namespace

constinit const AugmentationEntry marginal{.name = "marginal",
                                           .parameters = parameters,
                                           .takes_sparse = false,
                                           .make_float = make_member<float, Marginal>,
                                           .make_double = make_member<double, Marginal>};

} // namespace deepgen::augmentation
