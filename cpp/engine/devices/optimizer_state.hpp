// The state of an optimizer as flat vectors: what is packed like the weights comes in the order of
// the parameters, so that neither padding nor panels can be seen.

#pragma once

#include "engine/devices/device.hpp"

namespace deepgen {

template <class T>
class OptimizerState {
  public:
    OptimizerState(Optimizer<T> &optimizer, const PackedLayout<T> &packed)
        : optimizer_(optimizer), packed_(packed) {}

    std::vector<StateVector> layout() const;
    void load(std::size_t number, const T *from);
    void store(std::size_t number, T *to) const;

  private:
    Index n_vectors(const StateArray<T> &array) const; // of a packed one

    Optimizer<T> &optimizer_;
    const PackedLayout<T> &packed_;
};

} // namespace deepgen
