// Sparse rows and networks. Each call: view the inputs, allocate the output, release the
// GIL, compute.

#include "bindings/outputs.hpp"

#include <algorithm>
#include <pybind11/stl.h>

namespace deepgen::python {
namespace {

using PreparedState = std::pair<AnyNetwork, py::object>;
using SparseState = std::tuple<py::array, py::object, py::object, Index>;
using NetworkState = std::tuple<NetworkSpec, std::string, std::string>;

// Outputs (m, n_outputs) in the targets' units, and how many rows of them are not finite.
template <class T>
std::pair<py::array_t<double>, Index>
in_units(const Network<T> &network, const py::array_t<T> &outputs, const py::array_t<double> &shift,
         const py::array_t<double> &factor) {
    py::array_t<double> out({outputs.shape(0), outputs.shape(1)});
    const Index n_wrong = network.predict(outputs.data(), outputs.shape(0), shift.data(),
                                          factor.data(), out.mutable_data());
    return {out, n_wrong};
}

// Predictions in the targets' units, and how many rows of them are not finite.
std::pair<py::array_t<double>, Index> predict_in_units(const AnyNetwork &any,
                                                       const py::object &parameters,
                                                       const py::object &X, const py::object &mean,
                                                       const py::object &scale,
                                                       const py::object &rows, Index n_threads) {
    return any.visit([&]<class T>(const Network<T> &network) {
        const auto flat = parameters_of(network, parameters);
        const HeldInputs<T> inputs(X, network.n_inputs());
        const auto shift = finite_vector_of("mean", mean, network.n_targets());
        const auto factor = finite_vector_of("scale", scale, network.n_targets());
        if (any.on_device) {
            const auto outputs = outputs_of(any, network, parameters, X, rows, n_threads);
            return in_units(network, outputs, shift, factor);
        }
        const HeldSelection selection(rows, inputs.view.n_rows);
        n_threads = checked_threads(n_threads);
        py::array_t<double> out({selection.view.size, network.n_outputs()});
        double *const to = out.mutable_data();
        const T *const from = flat.data();
        const double *const shift_by = shift.data(), *const scale_by = factor.data();
        Index n_wrong;
        {
            const ReleasedInterpreter released;
            n_wrong = network.predict(from, inputs.view, selection.view, shift_by, scale_by, to,
                                      n_threads);
        }
        return std::pair(out, n_wrong);
    });
}

py::array forward(const AnyNetwork &any, const py::object &parameters, const py::object &X,
                  const py::object &rows, Index n_threads) {
    return any.visit([&](const auto &network) -> py::array {
        return outputs_of(any, network, parameters, X, rows, n_threads);
    });
}

py::array predict(const AnyNetwork &any, const py::object &parameters, const py::object &X,
                  const py::object &rows, Index n_threads) {
    return any.visit([&](const auto &network) -> py::array {
        return means_of(network, outputs_of(any, network, parameters, X, rows, n_threads));
    });
}

template <Part part>
py::array activations(const AnyNetwork &any, const py::object &parameters, const py::object &X,
                      Index layer, const py::object &rows, Index n_threads) {
    return any.visit([&](const auto &network) -> py::array {
        const auto flat = parameters_of(network, parameters);
        return layer_of(network, flat.data(), X, rows, layer, n_threads, part);
    });
}

// A network with its weights packed once, for many small calls.
template <class T>
struct Packed {
    Packed(std::shared_ptr<const Network<T>> network_, const py::handle &parameters)
        : network(std::move(network_)), weights(*network, PackedParameters<T>::Use::forward) {
        weights.load(*network, parameters_of(*network, parameters).data());
    }

    std::shared_ptr<const Network<T>> network;
    PackedParameters<T> weights;
};

struct Prepared {
    Prepared(const AnyNetwork &any, const py::object &flat)
        : packed(std::visit([&]<class T>(const std::shared_ptr<const Network<T>> &network)
                                -> Variant { return std::make_unique<Packed<T>>(network, flat); },
                            any.network)),
          made_of(any), parameters(flat.attr("copy")()) {}

    py::array forward(const py::object &X, const py::object &rows, Index n_threads) {
        return std::visit(
            [&](auto &p) -> py::array {
                return outputs_of(*p->network, p->weights, X, rows, n_threads);
            },
            packed);
    }
    py::array predict(const py::object &X, const py::object &rows, Index n_threads) {
        return std::visit(
            [&](auto &p) -> py::array {
                return means_of(*p->network,
                                outputs_of(*p->network, p->weights, X, rows, n_threads));
            },
            packed);
    }
    // As `predict_in_units` below computes them, to the bit.
    std::pair<py::array_t<double>, Index>
    predict_in_units(const py::object &X, const py::object &mean, const py::object &scale,
                     const py::object &rows, Index n_threads) {
        return std::visit(
            [&](auto &p) {
                const auto &network = *p->network;
                const auto shift = finite_vector_of("mean", mean, network.n_targets());
                const auto factor = finite_vector_of("scale", scale, network.n_targets());
                const auto outputs = outputs_of(network, p->weights, X, rows, n_threads);
                return in_units(network, outputs, shift, factor);
            },
            packed);
    }

    using Variant = std::variant<std::unique_ptr<Packed<float>>, std::unique_ptr<Packed<double>>>;
    Variant packed;
    AnyNetwork made_of; // what a pickle holds, with the parameters as they were before packing
    py::object parameters;
};

std::pair<py::array_t<double>, py::array_t<double>>
moments(const AnyNetwork &any, const py::object &parameters, const py::object &X, Index layer,
        const py::object &rows, Index n_threads) {
    return any.visit([&]<class T>(const Network<T> &network) {
        const auto flat = parameters_of(network, parameters);
        const HeldInputs<T> inputs(X, network.n_inputs());
        const HeldSelection selection(rows, inputs.view.n_rows);
        require(selection.view.size >= 1, "the moments of no rows are not defined");
        const Index width = checked_layer(network, layer).width;
        n_threads = checked_threads(n_threads);
        py::array_t<double> mean(width), variance(width);
        double *const mean_to = mean.mutable_data(), *const variance_to = variance.mutable_data();
        const T *const from = flat.data();
        {
            const ReleasedInterpreter released;
            network.moments(from, inputs.view, selection.view, layer, mean_to, variance_to,
                            n_threads);
        }
        return std::pair(mean, variance);
    });
}

struct LossCall {
    double loss;
    py::array gradient;
};

LossCall loss_and_gradient(const AnyNetwork &any, const py::object &parameters, const py::object &X,
                           const py::object &y, const py::object &weights, const py::object &rows,
                           double alpha, bool training, bool with_gradient, Index n_threads) {
    return any.visit([&]<class T>(const Network<T> &network) -> LossCall {
        const auto flat = parameters_of(network, parameters);
        const HeldInputs<T> inputs(X, network.n_inputs());
        const HeldTargets<T> targets(y, weights, inputs.view.n_rows, network);
        const HeldSelection selection(rows, inputs.view.n_rows);
        require(selection.view.size >= 1, "the loss of no rows is not defined");
        require(alpha >= 0.0, "alpha must not be negative, got ", alpha);
        // Of a device's outputs the loss alone, as validation has it.
        if (any.on_device && !with_gradient && alpha == 0.0) {
            const auto outputs = outputs_of(any, network, parameters, X, rows, n_threads);
            return {network.loss_of_outputs(outputs.data(), targets.view, selection.view), {}};
        }
        n_threads = checked_threads(n_threads);
        py::array_t<T> gradient(with_gradient ? network.layout().n_parameters : 0);
        T *const to = with_gradient ? gradient.mutable_data() : nullptr;
        const T *const from = flat.data();
        double loss;
        {
            const ReleasedInterpreter released;
            loss = network.loss_and_gradient(from, inputs.view, targets.view, selection.view, alpha,
                                             training, to, n_threads);
        }
        return {loss, gradient};
    });
}

py::array effective(const AnyNetwork &any, const py::object &parameters) {
    return any.visit([&]<class T>(const Network<T> &network) -> py::array {
        const auto flat = parameters_of(network, parameters);
        py::array_t<T> out(network.layout().n_parameters);
        network.effective(flat.data(), out.mutable_data());
        return out;
    });
}

} // namespace

AnyNetwork::AnyNetwork(NetworkSpec spec, std::string dtype, std::string simd,
                       const std::optional<Plugin> &device)
    : products(std::move(dtype)), requested_simd(std::move(simd)) {
    if (products == "float32")
        network =
            std::make_shared<const Network<float>>(std::move(spec), kernels<float>(requested_simd));
    else if (products == "float64")
        network = std::make_shared<const Network<double>>(std::move(spec),
                                                          kernels<double>(requested_simd));
    else if (products == "bfloat16")
        network = std::make_shared<const Network<float>>(std::move(spec),
                                                         kernels_bfloat16(requested_simd));
    else
        refuse("unknown dtype '", products, "'; known: bfloat16, float32, float64");
    if (device)
        visit([&]<class T>(const Network<T> &own) { on_device = network_on_device(*device, own); });
}

} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::Prepared)

namespace deepgen::python {

void bind_network(py::module_ &module) {
    using py::arg, py::kw_only;

    module.attr("chunk_rows") = inference_rows; // fewer rows are measured by one thread

    bind_class<Block>(module, "Block", "A named stretch of the flat parameter vector.")
        .def_property_readonly("name", &Block::name)
        .def_readonly("kind", &Block::kind)
        .def_readonly("layer", &Block::layer, "Of the blocks before layer 0 it is -1.")
        .def_readonly("offset", &Block::offset)
        .def_readonly("rows", &Block::rows)
        .def_readonly("columns", &Block::columns)
        .def_property_readonly("size", &Block::size)
        .def_readonly("trainable", &Block::trainable)
        .def("__repr__", [](const Block &b) {
            return "Block(" + b.name() + ", offset=" + std::to_string(b.offset) + ", shape=(" +
                   std::to_string(b.rows) + ", " + std::to_string(b.columns) + "))";
        });

    bind_class<SparseRows>(module, "SparseRows", "CSR rows with rising column numbers, in place.")
        .def(py::init<py::array, const py::object &, const py::object &, Index>(), arg("data"),
             arg("indices"), arg("indptr"), arg("n_columns"))
        .def_readonly("n_rows", &SparseRows::n_rows)
        .def_readonly("n_columns", &SparseRows::n_columns)
        .def_property_readonly("n_stored", [](const SparseRows &X) { return X.data.size(); })
        .def(py::pickle(
            [](const SparseRows &X) {
                return SparseState(X.data, X.indices, X.indptr, X.n_columns);
            },
            [](const SparseState &state) { return std::make_from_tuple<SparseRows>(state); }));

    auto prepared =
        bind_class<Prepared>(
            module, "Prepared",
            "A network and its parameters as they were, packed once for many calls.")
            .def("forward", &Prepared::forward, arg("X"), kw_only(), arg("rows") = py::none(),
                 arg("n_threads") = 1, "Raw outputs (m, n_outputs).")
            .def("predict", &Prepared::predict, arg("X"), kw_only(), arg("rows") = py::none(),
                 arg("n_threads") = 1, "Means (m, n_outputs): the inverse link of the outputs.")
            .def("predict_in_units", &Prepared::predict_in_units, arg("X"), arg("mean"),
                 arg("scale"), kw_only(), arg("rows") = py::none(), arg("n_threads") = 1,
                 "Means in the targets' units, scale * m + mean of (n_targets,) each, and how many "
                 "rows are not finite.");

    bind_class<AnyNetwork>(module, "Network",
                           "A network made ready to run; parameters come with each call.")
        .def(py::init<NetworkSpec, std::string, std::string, const std::optional<Plugin> &>(),
             arg("spec"), arg("dtype") = "float32", arg("simd") = "", arg("device") = py::none(),
             "The outputs, and what follows from them, are computed on the first device of a "
             "plugin, or on the processor. Pickles do not hold the device.")
        .def_property_readonly(
            "spec",
            [](const AnyNetwork &a) { return a.visit([](const auto &n) { return n.spec(); }); })
        .def_property_readonly("dtype", &AnyNetwork::dtype)
        .def_readonly("products", &AnyNetwork::products)
        .def_property_readonly("simd",
                               [](const AnyNetwork &a) {
                                   return a.visit(
                                       [](const auto &n) { return std::string(n.kernels().path); });
                               })
        .def_property_readonly("n_parameters",
                               [](const AnyNetwork &a) {
                                   return a.visit(
                                       [](const auto &n) { return n.layout().n_parameters; });
                               })
        .def_property_readonly("n_trainable",
                               [](const AnyNetwork &a) {
                                   return a.visit(
                                       [](const auto &n) { return n.layout().n_trainable; });
                               })
        .def_property_readonly("n_outputs",
                               [](const AnyNetwork &a) {
                                   return a.visit([](const auto &n) { return n.n_outputs(); });
                               })
        .def_property_readonly("reparametrized",
                               [](const AnyNetwork &a) {
                                   return a.visit([](const auto &n) { return n.reparametrized(); });
                               })
        .def_property_readonly("takes_classes",
                               [](const AnyNetwork &a) {
                                   return a.visit([](const auto &n) { return n.takes_classes(); });
                               })
        .def_property_readonly("layout",
                               [](const AnyNetwork &a) {
                                   return a.visit([](const auto &n) { return n.layout().blocks; });
                               })
        .def(
            "prepare",
            [](const AnyNetwork &any, const py::object &parameters) {
                return std::make_unique<Prepared>(any, parameters);
            },
            arg("parameters"), "The network with these parameters, packed once for many calls.")
        .def("effective", &effective, arg("parameters"),
             "The parameters with the weights that products use in place of the trained coefs.")
        .def("forward", &forward, arg("parameters"), arg("X"), kw_only(), arg("rows") = py::none(),
             arg("n_threads") = 1, "Raw outputs (m, n_outputs).")
        .def("predict", &predict, arg("parameters"), arg("X"), kw_only(), arg("rows") = py::none(),
             arg("n_threads") = 1, "Means (m, n_outputs): the inverse link of the outputs.")
        .def(
            "predict_in_units", &predict_in_units, arg("parameters"), arg("X"), arg("mean"),
            arg("scale"), kw_only(), arg("rows") = py::none(), arg("n_threads") = 1,
            "Means in the targets' units, scale * m + mean of (n_targets,) each, and how many rows "
            "are not finite.")
        .def("activations", &activations<Part::output>, arg("parameters"), arg("X"), arg("layer"),
             kw_only(), arg("rows") = py::none(), arg("n_threads") = 1,
             "What a layer gives (m, width), in inference mode.")
        .def("pre_activations", &activations<Part::product>, arg("parameters"), arg("X"),
             arg("layer"), kw_only(), arg("rows") = py::none(), arg("n_threads") = 1,
             "What a layer's normalization takes (m, width), in inference mode.")
        .def("moments", &moments, arg("parameters"), arg("X"), arg("layer"), kw_only(),
             arg("rows") = py::none(), arg("n_threads") = 1,
             "Mean and biased variance (width,) of what a layer's normalization takes.")
        .def(
            "loss",
            [](const AnyNetwork &any, const py::object &parameters, const py::object &X,
               const py::object &y, const py::object &weights, const py::object &rows, double alpha,
               Index n_threads) {
                return loss_and_gradient(any, parameters, X, y, weights, rows, alpha, false, false,
                                         n_threads)
                    .loss;
            },
            arg("parameters"), arg("X"), arg("y"), arg("weights") = py::none(), kw_only(),
            arg("rows") = py::none(), arg("alpha") = 0.0, arg("n_threads") = 1,
            "The weighted mean loss with L2.")
        .def(
            "loss_and_gradient",
            [](const AnyNetwork &any, const py::object &parameters, const py::object &X,
               const py::object &y, const py::object &weights, const py::object &rows, double alpha,
               bool training, Index n_threads) {
                LossCall call = loss_and_gradient(any, parameters, X, y, weights, rows, alpha,
                                                  training, true, n_threads);
                return std::pair(call.loss, call.gradient);
            },
            arg("parameters"), arg("X"), arg("y"), arg("weights") = py::none(), kw_only(),
            arg("rows") = py::none(), arg("alpha") = 0.0, arg("training") = false,
            arg("n_threads") = 1, "The loss and its gradient (n_parameters,), zero at the buffers.")
        .def(py::pickle(
            [](const AnyNetwork &a) {
                return NetworkState(a.visit([](const auto &n) { return n.spec(); }), a.products,
                                    a.requested_simd);
            },
            [](const NetworkState &state) {
                return AnyNetwork(std::get<0>(state), std::get<1>(state), std::get<2>(state));
            }));
    // After the network, which it speaks of.
    prepared.def(
        py::pickle([](const Prepared &p) { return PreparedState(p.made_of, p.parameters); },
                   [](const PreparedState &state) {
                       return std::make_unique<Prepared>(state.first, state.second);
                   }));
}

} // namespace deepgen::python
