// Rows as they stand.

#include "engine/augmentations/members.hpp"

namespace deepgen {

template <class T>
void Augmentation<T>::change(Index, T *) const {}

template <class T>
void Augmentation<T>::change(Index position, SparseRow<T> &to) const {
    const Inputs<T> &X = part_.X;
    const Index row = order_[position];
    for (std::int64_t entry = X.starts[row]; entry < X.starts[row + 1]; ++entry)
        to.append(X.indices[entry], X.values[entry]);
}

template <class T>
Index Augmentation<T>::room(Index position) const {
    return part_.X.n_entries(order_[position]);
}

template class Augmentation<float>;
template class Augmentation<double>;

namespace augmentation {
namespace {

template <class T>
class None final : public Augmentation<T> {
  public:
    None(const Settings &, const TrainingPart<T> &part) : Augmentation<T>(part) {}
};

} // namespace

constinit const AugmentationEntry none{.name = "none",
                                       .parameters = {},
                                       .takes_sparse = true,
                                       .make_float = make_member<float, None>,
                                       .make_double = make_member<double, None>};

} // namespace augmentation
} // namespace deepgen
