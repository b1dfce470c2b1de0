// Between the arrays of an optimizer's state and flat vectors.

#include "engine/devices/optimizer_state.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
Index OptimizerState<T>::n_vectors(const StateArray<T> &array) const {
    return static_cast<Index>(array.numbers.size()) / packed_.size();
}

template <class T>
std::vector<StateVector> OptimizerState<T>::layout() const {
    std::vector<StateVector> all;
    for (const StateArray<T> &array : optimizer_.state())
        all.push_back({array.name, array.packed ? n_vectors(array) * packed_.n_parameters()
                                                : static_cast<Index>(array.numbers.size())});
    return all;
}

// Into cleared memory: a run that diverged leaves NaN in the padding too.
template <class T>
void OptimizerState<T>::load(std::size_t number, const T *from) {
    const StateArray<T> array = optimizer_.state()[number];
    if (!array.packed)
        std::copy_n(from, array.numbers.size(), array.numbers.begin());
    else {
        std::ranges::fill(array.numbers, T(0));
        for (Index i = 0; i < n_vectors(array); ++i)
            packed_.pack(from + i * packed_.n_parameters(),
                         array.numbers.data() + i * packed_.size());
    }
    optimizer_.state_loaded();
}

// Buffers have no place in a packed array, and are zero in a flat one.
template <class T>
void OptimizerState<T>::store(std::size_t number, T *to) const {
    const StateArray<T> array = optimizer_.state()[number];
    if (!array.packed) {
        std::ranges::copy(array.numbers, to);
        return;
    }
    std::fill_n(to, n_vectors(array) * packed_.n_parameters(), T(0));
    for (Index i = 0; i < n_vectors(array); ++i)
        packed_.unpack(array.numbers.data() + i * packed_.size(), to + i * packed_.n_parameters());
}

template class OptimizerState<float>;
template class OptimizerState<double>;

} // namespace deepgen
