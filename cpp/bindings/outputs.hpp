// What layers give for rows, as NumPy arrays.

#pragma once

#include "bindings/bind.hpp"
#include "engine/network/parameters.hpp"

#include <algorithm>

namespace deepgen::python {

template <class T>
[[nodiscard]] py::array_t<T> parameters_of(const Network<T> &network,
                                           const py::handle &parameters) {
    return vector_of<T>("parameters", parameters, network.layout().n_parameters);
}

template <class T>
[[nodiscard]] const LayerPlan<T> &checked_layer(const Network<T> &network, Index layer) {
    const auto n_layers = static_cast<Index>(network.layers().size());
    require(layer >= 0 && layer < n_layers, "layer must be in 0 to ", n_layers - 1, ", got ",
            layer);
    return network.layers()[as_size(layer)];
}

// What a layer gives, or what its normalization takes; `source` is the flat parameters or the
// packed ones.
template <class T, class Source>
py::array_t<T> layer_of(const Network<T> &network, Source &&source, const py::handle &X,
                        const py::handle &rows, Index layer, Index n_threads,
                        Part part = Part::output) {
    const HeldInputs<T> inputs(X, network.n_inputs());
    const HeldSelection selection(rows, inputs.view.n_rows);
    const Index width = checked_layer(network, layer).width;
    n_threads = checked_threads(n_threads);
    py::array_t<T> out({selection.view.size, width});
    T *const to = out.mutable_data();
    const ReleasedInterpreter released;
    network.activations(source, inputs.view, selection.view, layer, part, to, n_threads);
    return out;
}

template <class T, class Source>
py::array_t<T> outputs_of(const Network<T> &network, Source &&source, const py::handle &X,
                          const py::handle &rows, Index n_threads) {
    const auto last = static_cast<Index>(network.layers().size()) - 1;
    return layer_of(network, source, X, rows, last, n_threads);
}

// The outputs of a network with the flat parameters, by its device if it has one.
template <class T>
py::array_t<T> outputs_of(const AnyNetwork &any, const Network<T> &network,
                          const py::object &parameters, const py::object &X, const py::object &rows,
                          Index n_threads) {
    const auto flat = parameters_of(network, parameters);
    const T *const from = flat.data();
    if constexpr (std::is_same_v<T, float>)
        if (any.on_device) {
            const HeldInputs<T> inputs(X, network.n_inputs());
            const HeldSelection selection(rows, inputs.view.n_rows);
            py::array_t<T> out({selection.view.size, network.n_outputs()});
            T *const to = out.mutable_data();
            const ReleasedInterpreter released;
            any.on_device->outputs(from, inputs.view, selection.view, to);
            return out;
        }
    return outputs_of(network, from, X, rows, n_threads);
}

// The means in place of the outputs.
template <class T>
py::array_t<T> means_of(const Network<T> &network, py::array_t<T> outputs) {
    T *const means = outputs.mutable_data();
    const Index n_rows = outputs.shape(0), n_outputs = network.n_outputs();
    {
        const ReleasedInterpreter released;
        std::vector<double> block(as_size(std::min(row_block, n_rows) * n_outputs));
        for (Index i = 0; i < n_rows; i += row_block) {
            const Index n = std::min(row_block, n_rows - i);
            T *const to = means + i * n_outputs;
            network.loss().means({n, n_outputs, to, n_outputs}, block.data());
            std::transform(block.data(), block.data() + n * n_outputs, to,
                           [](double mean) { return static_cast<T>(mean); });
        }
    }
    return outputs;
}

} // namespace deepgen::python
