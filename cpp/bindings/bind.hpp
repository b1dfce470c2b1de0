// What the binding files share: the network as Python holds it, and the table of contents.

#pragma once

#include "bindings/arrays.hpp"

#include "engine/devices/plugin_network.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <variant>

namespace deepgen::python {

// A network of either scalar. Trainers hold it too, so it lives as long as the last of them.
struct AnyNetwork {
    AnyNetwork(NetworkSpec spec, std::string dtype, std::string simd,
               const std::optional<Plugin> &device = std::nullopt);

    template <class Function>
    decltype(auto) visit(Function function) const {
        return std::visit([&](const auto &pointer) -> decltype(auto) { return function(*pointer); },
                          network);
    }
    const char *dtype() const { return network.index() == 0 ? "float32" : "float64"; }

    std::string products, requested_simd; // the type that products compute in; the path asked for
    std::variant<std::shared_ptr<const Network<float>>, std::shared_ptr<const Network<double>>>
        network;
    std::shared_ptr<PluginNetwork> on_device; // for outputs; null: the processor computes them
};

// While one lives, other threads of Python run. A daemon thread may come back to an interpreter
// that has ended: up to Python 3.13 it is unwound then, and an unwinding that leaves a destructor
// ends the process with a core dump. It waits for the end of the process instead, as from
// Python 3.14 on.
class ReleasedInterpreter {
  public:
    ReleasedInterpreter() : thread_(PyEval_SaveThread()) {}
    ReleasedInterpreter(const ReleasedInterpreter &) = delete;
    ReleasedInterpreter &operator=(const ReleasedInterpreter &) = delete;
    ~ReleasedInterpreter() {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            for (;;)
                std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

  private:
    PyThreadState *thread_;
};

// A class of the module. Without `__reduce__`, pickle protocols 0 and 1 would ask pybind11's base
// class for an object of its own, which ends the process.
template <class Bound>
py::class_<Bound> bind_class(py::module_ &module, const char *name, const char *doc) {
    py::class_<Bound> bound(module, name, doc);
    bound.def("__reduce__",
              [](const py::object &self) -> py::typing::Tuple<py::object, py::object, py::object> {
                  const auto type = py::type::of(self);
                  if (!py::hasattr(type, "__setstate__"))
                      throw py::type_error(
                          "cannot pickle '" + std::string(py::str(type.attr("__module__"))) + "." +
                          std::string(py::str(type.attr("__qualname__"))) + "' object");
                  return py::make_tuple(py::module_::import("copyreg").attr("__newobj__"),
                                        py::make_tuple(type), self.attr("__getstate__")());
              });
    return bound;
}

void bind_catalog(py::module_ &module);
void bind_devices(py::module_ &module);
void bind_network(py::module_ &module);
void bind_probe(py::module_ &module);
void bind_trainer(py::module_ &module);

} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::Component)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::LayerSpec)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::EmbeddingSpec)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::NetworkSpec)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::Block)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::AnyNetwork)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::DeviceDescription)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::Plugin)
