// The parameters of a network as the kernels read them.

#pragma once

#include "engine/network/network.hpp"

namespace deepgen {

template <class T>
struct PackedParameters {
    explicit PackedParameters(const Network<T> &network);

    void load(const Network<T> &network, const T *flat);
    // The trainable ones alone, which come first in `flat`.
    void load_trainable(const Network<T> &network, const T *flat);
    void store(const Network<T> &network, T *flat) const;

    Buffer<T> weights;                     // PackedLayout
    Buffer<T> transposed;                  // W^T of the layers above the first
    std::vector<Buffer<T>> mean, variance; // running statistics, for each layer; empty without
};

} // namespace deepgen
