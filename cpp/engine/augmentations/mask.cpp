// Features hidden at random: each is replaced by its mean over the training part with one
// probability, the cutout of a table.
//
//   x~_j = mean_j with `probability`, else x_j;   of CSR rows, whose zeros mean "nothing", 0
//
// DeVries & Taylor (2017), Improved regularization of convolutional neural networks with cutout.

#include "engine/augmentations/members.hpp"
#include "engine/core/distributions.hpp"
#include "engine/core/moments.hpp"

namespace deepgen::augmentation {
namespace {

constexpr Parameter parameters[] = {
    {.name = "probability", .value = 0.02, .low = 0.0, .high = 1.0},
};

template <class T>
class Mask final : public Augmentation<T> {
  public:
    Mask(const Settings &settings, const TrainingPart<T> &part)
        : Augmentation<T>(part), chance_(random::chance(settings["probability"])) {
        if (part.X.sparse())
            return;
        for (const double mean : Moments(part).mean)
            means_.push_back(static_cast<T>(mean));
    }

    void change(Index position, T *features) const override {
        const std::uint64_t key = this->row_key(position);
        for (std::size_t j = 0; j < means_.size(); ++j)
            features[j] = hides(key, j) ? means_[j] : features[j];
    }

    void change(Index position, SparseRow<T> &to) const override {
        const Inputs<T> &X = this->part_.X;
        const Index row = this->order_[position];
        const std::uint64_t key = this->row_key(position);
        for (std::int64_t entry = X.starts[row]; entry < X.starts[row + 1]; ++entry)
            if (!hides(key, as_size(X.indices[entry])))
                to.append(X.indices[entry], X.values[entry]);
    }

  private:
    bool hides(std::uint64_t key, std::size_t feature) const {
        return random::happens(chance_, random::value(key, feature));
    }

    std::uint64_t chance_;
    std::vector<T> means_;
};

} // namespace

constinit const AugmentationEntry mask{.name = "mask",
                                       .parameters = parameters,
                                       .takes_sparse = true,
                                       .make_float = make_member<float, Mask>,
                                       .make_double = make_member<double, Mask>};

} // namespace deepgen::augmentation
