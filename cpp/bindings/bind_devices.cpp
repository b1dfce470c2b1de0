// Plugins for devices, and what they report.

#include "bindings/bind.hpp"

#include <pybind11/stl.h>

namespace deepgen::python {
namespace {

using Version = std::pair<int, int>;

// CUDA's way to write a version: 1000 major + 10 minor.
Version version_of(std::int32_t number) {
    return {number / 1000, number % 1000 / 10};
}

} // namespace

void bind_devices(py::module_ &module) {
    // Its arguments are the reason's name and what came; `deepgen._engine.device` makes words of
    // them.
    PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> type;
    type.call_once_and_store_result(
        [&] { return py::exception<DeviceError>(module, "DeviceError", PyExc_RuntimeError); });
    py::register_local_exception_translator([](std::exception_ptr thrown) {
        try {
            if (thrown)
                std::rethrow_exception(thrown);
        } catch (const DeviceError &error) {
            const auto arguments =
                py::make_tuple(std::string(name_of(error.reason())), error.what());
            PyErr_SetObject(type.get_stored().ptr(), arguments.ptr());
        }
    });

    bind_class<DeviceDescription>(module, "DeviceDescription", "A device, and what it can do.")
        .def_property_readonly("name",
                               [](const DeviceDescription &d) { return std::string(d.info.name); })
        .def_property_readonly(
            "compute_capability",
            [](const DeviceDescription &d) { return Version(d.info.major, d.info.minor); })
        .def_property_readonly("n_multiprocessors",
                               [](const DeviceDescription &d) { return d.info.n_multiprocessors; })
        .def_property_readonly(
            "driver", [](const DeviceDescription &d) { return version_of(d.info.driver); },
            "Newest version of CUDA that the driver knows.")
        .def_property_readonly(
            "runtime", [](const DeviceDescription &d) { return version_of(d.info.runtime); },
            "Version of CUDA in the plugin.")
        .def_property_readonly(
            "memory", [](const DeviceDescription &d) { return d.info.memory; }, "Bytes.")
        .def_property_readonly(
            "free_memory", [](const DeviceDescription &d) { return d.info.free_memory; }, "Bytes.")
        .def_readonly("refusal", &DeviceDescription::refusal,
                      "Why the plugin does not run on it; empty where it does.");

    bind_class<Plugin>(module, "Plugin", "A shared library that computes on a device.")
        .def(py::init<const std::string &>(), py::arg("path"))
        .def_property_readonly("built_for", &Plugin::built_for)
        .def(
            "n_devices",
            [](const Plugin &plugin) {
                const ReleasedInterpreter released;
                return plugin.n_devices();
            },
            "Number of devices of the machine, at least 1.")
        .def(
            "describe",
            [](const Plugin &plugin, std::int32_t device) {
                const ReleasedInterpreter released;
                return plugin.describe(device);
            },
            py::arg("device"), "A device, which may be too old.");
}

} // namespace deepgen::python
