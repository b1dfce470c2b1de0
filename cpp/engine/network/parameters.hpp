// The parameters of a network as the kernels read them.
//
// Where layers are reparametrized there are two sets of numbers: `stored` are trained, and the
// `weights` that products use are made of them. Else the weights are trained themselves.

#pragma once

#include "engine/network/network.hpp"

namespace deepgen {

template <class T>
struct PackedParameters {
    enum class Use { forward, both_ways };

    explicit PackedParameters(const Network<T> &network, Use use = Use::both_ways);

    void load(const Network<T> &network, const T *flat);
    // The trainable ones alone, which come first in `flat`.
    void load_trainable(const Network<T> &network, const T *flat);
    void store(const Network<T> &network, T *flat) const;

    // What an optimizer moves.
    T *trained() { return stored.empty() ? weights.data() : stored.data(); }
    const T *trained() const { return stored.empty() ? weights.data() : stored.data(); }

    // After the stored numbers were moved: the weights anew. Each thread makes some of them and the
    // team has to meet before anyone reads; without reparametrization there is nothing to do.
    void refresh(const Network<T> &network, const Team &);
    // Since that: from the gradient of the weights to that of the stored numbers, in place; the
    // team meets before and has to meet after.
    void pull_back(const Network<T> &network, const Team &, T *gradient);

    Buffer<T> weights;                     // PackedLayout
    Buffer<T> transposed;                  // W^T of the layers that have one; empty for forward
    Buffer<T> stored;                      // PackedLayout; empty without reparametrization
    std::vector<Buffer<T>> mean, variance; // running statistics, for each layer; empty without

  private:
    // Calls work(units, offset, first unit) for the units of a panel.
    template <class Work>
    void for_each_units(const Network<T> &network, std::size_t layer, Index column, Index width,
                        Work work);

    // Of each unit of reparametrized layers, since the last refresh.
    std::vector<Buffer<double>> unit_means_, unit_values_, unit_derivatives_, gain_gradients_;
};

} // namespace deepgen
