// The extension module deepgen._core: its table of contents.

#include "bindings/bind.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() =
        "The engine of deepgen: networks, their gradients, their training and its measurement.";
    deepgen::python::bind_catalog(module);
    deepgen::python::bind_devices(module);
    deepgen::python::bind_network(module);
    deepgen::python::bind_trainer(module);
    deepgen::python::bind_probe(module);
}
