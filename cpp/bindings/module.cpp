// The extension module deepgen._core: its table of contents.

#include "bindings/bind.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "The engine of deepgen: networks, their gradients and their training.";
    deepgen::python::bind_catalog(module);
    deepgen::python::bind_network(module);
    deepgen::python::bind_trainer(module);
}
