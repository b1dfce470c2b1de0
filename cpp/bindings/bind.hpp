// What the binding files share: the network as Python holds it, and the table of contents.

#pragma once

#include "bindings/arrays.hpp"

#include <memory>
#include <variant>

namespace deepgen::python {

// A network of either scalar. Trainers hold it too, so it lives as long as the last of them.
struct AnyNetwork {
    AnyNetwork(NetworkSpec spec, std::string dtype, std::string simd);

    template <class Function>
    decltype(auto) visit(Function function) const {
        return std::visit([&](const auto &pointer) -> decltype(auto) { return function(*pointer); },
                          network);
    }
    const char *dtype() const { return network.index() == 0 ? "float32" : "float64"; }

    std::string products, requested_simd; // the type that products compute in; the path asked for
    std::variant<std::shared_ptr<const Network<float>>, std::shared_ptr<const Network<double>>>
        network;
};

void bind_catalog(py::module_ &module);
void bind_network(py::module_ &module);
void bind_probe(py::module_ &module);
void bind_trainer(py::module_ &module);

} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::Component)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::LayerSpec)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::NetworkSpec)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::Block)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::AnyNetwork)
