// Components, the specs that are made of them, the catalog of what the engine knows, and what this
// build and machine are.

#include "bindings/bind.hpp"

#include "engine/activations/catalog.hpp"
#include "engine/augmentations/augmentation.hpp"
#include "engine/core/parallel.hpp"
#include "engine/optimizers/optimizer.hpp"
#include "engine/pretexts/pretext.hpp"

#include <pybind11/stl.h>

namespace deepgen::python {
namespace {

using Value = std::variant<double, std::vector<double>>;
using Parameters = std::map<std::string, Parameter>;
using Members = std::map<std::string, Parameters>;
using LayerState =
    std::tuple<Index, std::string, Component, Index, double, Component, Component, double>;
using EmbeddingState = std::tuple<Component, std::vector<Index>, std::vector<std::vector<double>>>;
// Without a front as before there were any, so that old files stay readable.
using PlainState = std::tuple<Index, std::vector<LayerSpec>, Component, bool>;
using FrontState =
    std::tuple<Index, std::vector<LayerSpec>, Component, bool, std::vector<EmbeddingSpec>, bool>;
using SpecState = std::variant<PlainState, FrontState>;

Parameters by_name(std::span<const Parameter> parameters) {
    Parameters named;
    for (const Parameter &parameter : parameters)
        named.emplace(parameter.name, parameter);
    return named;
}

template <class Entry>
Members members_of(std::span<const Entry *const> entries) {
    Members members;
    for (const Entry *entry : entries)
        members[std::string(entry->name)] = by_name(entry->parameters);
    return members;
}

std::map<std::string, Members> catalog() {
    std::map<std::string, Members> families;
    for (const std::string_view name : activations())
        families["activations"][std::string(name)] = {};
    families["normalizations"] = members_of(normalizations());
    families["reparametrizations"] = members_of(reparametrizations());
    families["augmentations"] = members_of(augmentations());
    families["embeddings"] = members_of(embeddings());
    families["losses"] = members_of(losses());
    families["pretexts"] = members_of(pretexts());
    families["skips"] = members_of(skips());
    for (const auto &[name, parameters] : optimizers())
        families["optimizers"][std::string(name)] = by_name(parameters);
    for (const auto &[name, parameters] : wrappers())
        families["wrappers"][std::string(name)] = by_name(parameters);
    return families;
}

std::map<std::string, std::string> build_info() {
    return {
        {"version", DEEPGEN_VERSION},       {"compiler", DEEPGEN_COMPILER},
        {"build_type", DEEPGEN_BUILD_TYPE}, {"flags", DEEPGEN_FLAGS},
        {"sanitizer", DEEPGEN_SANITIZER},   {"openmp", std::to_string(_OPENMP)},
    };
}

double fma_peak(const std::string &dtype, const std::string &simd) {
    require(dtype == "float32" || dtype == "float64", "unknown dtype '", dtype,
            "'; known: float32, float64");
    const ReleasedInterpreter released;
    return dtype == "float32" ? kernels<float>(simd).fma_peak() : kernels<double>(simd).fma_peak();
}

Component make_component(std::string name, const std::map<std::string, Value> &settings) {
    Component component{std::move(name), {}};
    for (const auto &[setting, value] : settings)
        component.settings[setting] = std::holds_alternative<double>(value)
                                          ? std::vector<double>{std::get<double>(value)}
                                          : std::get<std::vector<double>>(value);
    return component;
}

std::map<std::string, Value> settings_of(const Component &component) {
    std::map<std::string, Value> settings;
    for (const auto &[name, values] : component.settings) {
        if (values.size() == 1)
            settings[name] = values.front();
        else
            settings[name] = values;
    }
    return settings;
}

void bind_specs(py::module_ &module) {
    using py::arg, py::kw_only;

    bind_class<LayerSpec>(module, "LayerSpec", "One dense layer and what follows it.")
        .def(py::init([](Index width, std::string activation, Component normalization,
                         Index skip_from, double dropout, Component reparametrization,
                         Component skip, double branch_drop) {
                 return LayerSpec{
                     width,   std::move(activation),        std::move(normalization), skip_from,
                     dropout, std::move(reparametrization), std::move(skip),          branch_drop};
             }),
             kw_only(), arg("width"), arg("activation") = "relu",
             py::arg_v("normalization", Component{"none", {}}, "Component('none')"),
             arg("skip_from") = no_skip, arg("dropout") = 0.0,
             py::arg_v("reparametrization", Component{"none", {}}, "Component('none')"),
             py::arg_v("skip", Component{"residual", {}}, "Component('residual')"),
             arg("branch_drop") = 0.0)
        .def_readonly("width", &LayerSpec::width)
        .def_readonly("activation", &LayerSpec::activation)
        .def_readonly("normalization", &LayerSpec::normalization)
        .def_readonly("skip_from", &LayerSpec::skip_from)
        .def_readonly("dropout", &LayerSpec::dropout)
        .def_readonly("reparametrization", &LayerSpec::reparametrization)
        .def_readonly("skip", &LayerSpec::skip)
        .def_readonly("branch_drop", &LayerSpec::branch_drop)
        .def(py::pickle(
            [](const LayerSpec &s) {
                return LayerState(s.width, s.activation, s.normalization, s.skip_from, s.dropout,
                                  s.reparametrization, s.skip, s.branch_drop);
            },
            [](const LayerState &state) {
                return std::apply([](auto... fields) { return LayerSpec{fields...}; }, state);
            }));

    bind_class<EmbeddingSpec>(module, "EmbeddingSpec",
                              "A map of single features, by trained numbers of each.")
        .def(py::init([](Component member, std::vector<Index> features,
                         std::vector<std::vector<double>> constants) {
                 return EmbeddingSpec{std::move(member), std::move(features), std::move(constants)};
             }),
             kw_only(), arg("member"), arg("features"),
             arg("constants") = std::vector<std::vector<double>>())
        .def_readonly("member", &EmbeddingSpec::member)
        .def_readonly("features", &EmbeddingSpec::features)
        .def_readonly("constants", &EmbeddingSpec::constants)
        .def(py::pickle(
            [](const EmbeddingSpec &s) {
                return EmbeddingState(s.member, s.features, s.constants);
            },
            [](const EmbeddingState &state) {
                return std::apply([](auto... fields) { return EmbeddingSpec{fields...}; }, state);
            }));

    bind_class<NetworkSpec>(module, "NetworkSpec", "What a network is made of.")
        .def(py::init([](Index n_inputs, std::vector<LayerSpec> layers, Component loss, bool bias,
                         std::vector<EmbeddingSpec> embeddings, bool input_scale) {
                 NetworkSpec spec{n_inputs, std::move(layers),     std::move(loss),
                                  bias,     std::move(embeddings), input_scale};
                 spec.check();
                 return spec;
             }),
             kw_only(), arg("n_inputs"), arg("layers"), arg("loss"), arg("bias") = true,
             arg("embeddings") = std::vector<EmbeddingSpec>(), arg("input_scale") = false)
        .def_readonly("n_inputs", &NetworkSpec::n_inputs)
        .def_readonly("layers", &NetworkSpec::layers)
        .def_readonly("loss", &NetworkSpec::loss)
        .def_readonly("bias", &NetworkSpec::bias)
        .def_readonly("embeddings", &NetworkSpec::embeddings)
        .def_readonly("input_scale", &NetworkSpec::input_scale)
        .def("plain", &NetworkSpec::plain,
             "The same network whose weights are trained as they are.")
        .def("folded", &NetworkSpec::folded,
             "The same for prediction only: also without batch norm and dropout.")
        .def(py::pickle(
            [](const NetworkSpec &s) -> SpecState {
                if (!s.has_front())
                    return PlainState(s.n_inputs, s.layers, s.loss, s.bias);
                return FrontState(s.n_inputs, s.layers, s.loss, s.bias, s.embeddings,
                                  s.input_scale);
            },
            [](const SpecState &state) {
                const auto make = [](auto... fields) { return NetworkSpec{fields...}; };
                return std::visit([&](const auto &fields) { return std::apply(make, fields); },
                                  state);
            }));
}

} // namespace

void bind_catalog(py::module_ &module) {
    bind_class<Component>(module, "Component",
                          "A member of a family by name, with the settings that differ.")
        .def(py::init(&make_component), py::arg("name"),
             py::arg("settings") = std::map<std::string, Value>{})
        .def("__repr__",
             [](const Component &c) {
                 return "Component(" + std::string(py::repr(py::cast(c.name))) + ", " +
                        std::string(py::repr(py::cast(settings_of(c)))) + ")";
             })
        .def_readonly("name", &Component::name)
        .def_property_readonly("settings", &settings_of)
        .def(py::pickle([](const Component &c) { return std::pair(c.name, settings_of(c)); },
                        [](const std::pair<std::string, std::map<std::string, Value>> &state) {
                            return make_component(state.first, state.second);
                        }));

    bind_class<Parameter>(module, "Parameter", "A setting's default, and what it may be.")
        .def_readonly("default", &Parameter::value)
        .def_readonly("low", &Parameter::low)
        .def_readonly("high", &Parameter::high)
        .def_readonly("open_low", &Parameter::open_low, "Whether `low` itself is refused.")
        .def_readonly("open_high", &Parameter::open_high, "Whether `high` itself is refused.")
        .def_readonly("integer", &Parameter::integer)
        .def_property_readonly(
            "choices",
            [](const Parameter &p) {
                return std::vector<std::string>(p.choices.begin(), p.choices.end());
            },
            "What the numbers 0, 1 ... stand for; none where they are numbers.")
        .def_readonly("many", &Parameter::many, "Whether a list of numbers is taken.");

    bind_specs(module);

    module.def("catalog", &catalog, "family -> member -> setting -> what it may be");
    module.def("build_info", &build_info, "Version, compiler and flags of this build.");
    module.def(
        "simd_paths",
        [] {
            const auto paths = simd_paths();
            return std::vector<std::string>(paths.begin(), paths.end());
        },
        "The SIMD paths that run on this machine, best first.");
    module.def("max_threads", &max_threads, "OpenMP's limit now; 1 in a forked child.");
    module.def("fma_peak", &fma_peak, py::arg("dtype"), py::arg("simd") = "",
               "Peak of one thread right now, GFLOP/s of fused multiply-adds in registers.");
}

} // namespace deepgen::python
