// Parameters in and out of the packed layout.

#include "engine/network/parameters.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
PackedParameters<T>::PackedParameters(const Network<T> &network, Use use)
    : weights(as_size(network.packed().size())),
      transposed(use == Use::forward ? 0 : as_size(network.packed().transposed_size())),
      stored(network.reparametrized() ? weights.size() : 0) {
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const LayerBlocks &blocks = network.layout().layers[l];
        const std::size_t width = as_size(padded<T>(blocks.width));
        mean.emplace_back(blocks.mean == absent ? 0 : width);
        variance.emplace_back(mean.back().size());
        unit_means_.emplace_back(network.layers()[l].reparametrization ? width : 0);
        for (auto *const of_units : {&unit_values_, &unit_derivatives_, &gain_gradients_})
            of_units->emplace_back(unit_means_.back().size());
    }
}

template <class T>
void PackedParameters<T>::load_trainable(const Network<T> &network, const T *flat) {
    network.packed().pack(flat, trained());
    if (!stored.empty()) {
        refresh(network, single_thread);
        return;
    }
    if (transposed.empty())
        return;
    for (Index l = 0; l < static_cast<Index>(network.layers().size()); ++l)
        network.packed().transpose(l, weights.data(), transposed.data());
}

template <class T>
void PackedParameters<T>::load(const Network<T> &network, const T *flat) {
    load_trainable(network, flat);
    for (std::size_t l = 0; l < mean.size(); ++l)
        if (const LayerBlocks &blocks = network.layout().layers[l]; blocks.mean != absent) {
            std::copy_n(flat + blocks.mean, blocks.width, mean[l].data());
            std::copy_n(flat + blocks.variance, blocks.width, variance[l].data());
        }
}

template <class T>
void PackedParameters<T>::store(const Network<T> &network, T *flat) const {
    network.packed().unpack(trained(), flat);
    for (std::size_t l = 0; l < mean.size(); ++l)
        if (const LayerBlocks &blocks = network.layout().layers[l]; blocks.mean != absent) {
            std::copy_n(mean[l].data(), blocks.width, flat + blocks.mean);
            std::copy_n(variance[l].data(), blocks.width, flat + blocks.variance);
        }
}

template struct PackedParameters<float>;
template struct PackedParameters<double>;

} // namespace deepgen
