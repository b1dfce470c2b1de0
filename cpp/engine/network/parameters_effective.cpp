// Between stored numbers and effective weights, panel by panel: which thread does which depends on
// the team, what a panel becomes does not.

#include "engine/network/parameters.hpp"
#include "engine/reparametrizations/units.hpp"

#include <algorithm>
#include <numeric>

namespace deepgen {
namespace {

// Calls work(layer, column, width) for this thread's panels of W, dealt out in turn. A narrow layer
// is one panel.
template <class T, class Work>
void for_each_panel(const Network<T> &network, const Team &team, Work work) {
    Index number = 0;
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const PackedLayer &packed = network.packed().layers()[l];
        const Index panel = packed.narrow ? packed.width : network.kernels().panel;
        for (Index column = 0; column < packed.width; column += panel)
            if (number++ % team.size == team.rank)
                work(l, column, std::min(panel, packed.width - column));
    }
}

} // namespace

template <class T>
template <class Work>
void PackedParameters<T>::for_each_units(const Network<T> &network, std::size_t l, Index column,
                                         Index width, Work work) {
    const LayerPlan<T> &plan = network.layers()[l];
    const PackedLayer &packed = network.packed().layers()[l];
    const LayerBlocks &blocks = network.layout().layers[l];
    const Index step = blocks.n_gains == 1 && blocks.width > 1 ? 0 : 1;
    for (Index unit = column; unit < column + width; unit += most_units) {
        const Index n = std::min(most_units, column + width - unit);
        const Index at = packed.coefs + column * packed.n_inputs + (unit - column);
        work({.member = *plan.reparametrization,
              .centred = plan.centred,
              .stored = {plan.n_inputs, n, stored.data() + at, width},
              .gain = blocks.gain == absent ? nullptr : stored.data() + packed.gain + unit * step,
              .gain_step = step,
              .mean = unit_means_[l].data() + unit,
              .value = unit_values_[l].data() + unit,
              .derivative = unit_derivatives_[l].data() + unit},
             at, unit);
    }
}

template <class T>
void PackedParameters<T>::refresh(const Network<T> &network, const Team &team) {
    if (stored.empty())
        return;
    for_each_panel(network, team, [&](std::size_t l, Index column, Index width) {
        const PackedLayer &packed = network.packed().layers()[l];
        const Index rows = packed.narrow ? packed.n_outputs : width;
        const Index at = packed.coefs + column * packed.n_inputs;
        if (network.layers()[l].reparametrization)
            for_each_units(network, l, column, width,
                           [&](const Units<T> &units, Index from, Index) {
                               make_effective(network.kernels(), units, weights.data() + from);
                           });
        else
            std::copy_n(stored.data() + at, packed.n_inputs * rows, weights.data() + at);
        if (packed.transposes && !transposed.empty())
            network.packed().transpose_block(static_cast<Index>(l), 0, packed.n_inputs, column,
                                             weights.data(), transposed.data());
        if (column == 0)
            std::copy_n(stored.data() + packed.intercepts, packed.n_vectors,
                        weights.data() + packed.intercepts);
    });
    // The front's numbers are used as they are.
    const Index front = network.packed().feature_offset(0);
    if (team.rank == 0)
        std::copy(stored.begin() + front, stored.end(), weights.begin() + front);
}

template <class T>
void PackedParameters<T>::pull_back(const Network<T> &network, const Team &team, T *gradient) {
    if (stored.empty())
        return;
    team.wait();
    for_each_panel(network, team, [&](std::size_t l, Index column, Index width) {
        if (network.layers()[l].reparametrization)
            for_each_units(network, l, column, width,
                           [&](const Units<T> &units, Index from, Index unit) {
                               deepgen::pull_back(network.kernels(), units, gradient + from,
                                                  gain_gradients_[l].data() + unit);
                           });
    });
    team.wait();
    const IndexRange share = team.share(static_cast<Index>(network.layers().size()));
    for (Index layer = share.begin; layer < share.end; ++layer) {
        const LayerBlocks &blocks = network.layout().layers[as_size(layer)];
        const Buffer<double> &gradients = gain_gradients_[as_size(layer)];
        T *const to = gradient + network.packed().layers()[as_size(layer)].gain;
        if (blocks.n_gains == blocks.width)
            std::copy_n(gradients.data(), blocks.width, to);
        else if (blocks.gain != absent)
            *to = static_cast<T>(std::accumulate(gradients.begin(), gradients.end(), 0.0));
    }
}

template void PackedParameters<float>::refresh(const Network<float> &, const Team &);
template void PackedParameters<double>::refresh(const Network<double> &, const Team &);
template void PackedParameters<float>::pull_back(const Network<float> &, const Team &, float *);
template void PackedParameters<double>::pull_back(const Network<double> &, const Team &, double *);

} // namespace deepgen
