// The probe: data by reference, parameters with each call, results into the caller's arrays.
//
// A call measures the rows begin .. end - 1 and adds its sums to what is there, so that Python can
// go through the data in slices and answer Ctrl-C between them.

#include "bindings/bind.hpp"

#include "engine/probes/chain.hpp"
#include "engine/probes/probe.hpp"

namespace deepgen::python {
namespace {

std::shared_ptr<const Network<double>> float64_network(const AnyNetwork &any) {
    const auto *const network = std::get_if<std::shared_ptr<const Network<double>>>(&any.network);
    require(network != nullptr, "a probe measures in float64, the network is ", any.dtype());
    return *network;
}

// A probe with what keeps its data and network alive.
struct HeldProbe {
    HeldProbe(const AnyNetwork &any, const py::object &X, const py::object &y,
              const py::object &weights)
        : network(float64_network(any)), inputs(X, network->n_inputs()),
          targets(y, weights, inputs.view.n_rows, *network),
          probe(*network, inputs.view, targets.view) {}

    std::shared_ptr<const Network<double>> network;
    HeldInputs<double> inputs;
    HeldTargets<double> targets;
    Probe probe;
};

[[nodiscard]] py::array_t<double> parameters_of(const HeldProbe &held,
                                                const py::handle &parameters) {
    return vector_of<double>("parameters", parameters, held.network->layout().n_parameters);
}

[[nodiscard]] IndexRange rows_of(const HeldProbe &held, Index begin, Index end) {
    require(begin >= 0 && begin <= end && end <= held.probe.n_rows(), "rows ", begin, " to ", end,
            " are not within the ", held.probe.n_rows(), " rows of the probe");
    return {begin, end};
}

using AddProduct = void (Probe::*)(const double *, const double *, IndexRange, double *,
                                   Index) const;

// out (P,) += a product with v; `size` tells v's length.
template <AddProduct product, Index (Probe::*size)() const>
void add_product(const HeldProbe &held, const py::object &parameters, const py::object &v,
                 const py::object &out, Index begin, Index end, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    const auto direction = finite_vector_of("v", v, (held.probe.*size)());
    auto sum = writable_vector_of<double>("out", out, held.probe.n_parameters());
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    const double *const from = flat.data(), *const along = direction.data();
    double *const to = sum.mutable_data();
    const ReleasedInterpreter released;
    (held.probe.*product)(from, along, rows, to, n_threads);
}

void directional(const HeldProbe &held, const py::object &parameters, const py::object &v,
                 const py::object &out, Index begin, Index end, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    const auto direction = finite_vector_of("v", v, held.probe.n_parameters());
    auto derivatives = writable_vector_of<double>("out", out, held.probe.n_rows());
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    const double *const from = flat.data(), *const along = direction.data();
    double *const to = derivatives.mutable_data();
    const ReleasedInterpreter released;
    held.probe.directional(from, along, rows, to, n_threads);
}

void norms(const HeldProbe &held, const py::object &parameters, const py::object &out, Index begin,
           Index end, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    auto sizes = writable_vector_of<double>("out", out, held.probe.n_rows());
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    const double *const from = flat.data();
    double *const to = sizes.mutable_data();
    const ReleasedInterpreter released;
    held.probe.norms(from, rows, to, n_threads);
}

void signals(const HeldProbe &held, const py::object &parameters, const py::object &norms,
             const py::object &alive, Index begin, Index end, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    Index n_units = 0;
    for (const auto &layer : held.network->layers())
        n_units += layer.width;
    const auto n_layers = static_cast<Index>(held.network->layers().size());
    auto sizes = writable_matrix_of("norms", norms, held.probe.n_rows(), n_layers);
    auto lives = writable_vector_of<bool>("alive", alive, n_units);
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    const double *const from = flat.data();
    double *const to = sizes.mutable_data();
    bool *const marks = lives.mutable_data();
    const ReleasedInterpreter released;
    held.probe.signals(from, rows, to, marks, n_threads);
}

void gradients(const HeldProbe &held, const py::object &parameters, const py::object &out,
               Index begin, Index end, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    const IndexRange rows = rows_of(held, begin, end);
    const bool whole = array_of<double>("out", out, 2).shape(0) == held.probe.n_rows();
    const Index P = held.probe.n_parameters();
    auto G = writable_matrix_of("out", out, whole ? held.probe.n_rows() : end - begin, P);
    n_threads = checked_threads(n_threads);
    const double *const from = flat.data();
    double *const to = G.mutable_data() + (whole ? begin * P : 0);
    const ReleasedInterpreter released;
    held.probe.gradients(from, rows, to, n_threads);
}

py::array_t<double> jacobian(const HeldProbe &held, const py::object &parameters,
                             const py::object &X, Index n_threads) {
    const auto flat = parameters_of(held, parameters);
    const HeldInputs<double> inputs(X, held.network->n_inputs());
    n_threads = checked_threads(n_threads);
    py::array_t<double> J(
        {inputs.view.n_rows, held.network->n_outputs(), held.network->n_inputs()});
    const double *const from = flat.data();
    double *const to = J.mutable_data();
    const ReleasedInterpreter released;
    held.probe.jacobian(from, inputs.view, to, n_threads);
    return J;
}

// The chain rule of a network at given parameters.
struct HeldChain {
    HeldChain(const AnyNetwork &any, const py::object &parameters)
        : network(float64_network(any)),
          chain(
              *network,
              vector_of<double>("parameters", parameters, network->layout().n_parameters).data()) {}
    Index size() const { return network->layout().n_trainable; }

    std::shared_ptr<const Network<double>> network;
    Chain chain;
};

py::array_t<double> push_forward(const HeldChain &held, const py::object &direction) {
    const auto along = finite_vector_of("direction", direction, held.size());
    py::array_t<double> moved(held.size());
    held.chain.push_forward(along.data(), moved.mutable_data());
    return moved;
}

void pull_back(HeldChain &held, const py::object &gradients) {
    const Index n_rows = array_of<double>("gradients", gradients, 2).shape(0);
    auto G = writable_matrix_of("gradients", gradients, n_rows, held.size());
    for (Index row = 0; row < n_rows; ++row)
        held.chain.pull_back(G.mutable_data() + row * held.size());
}

void pull_back_tangent(const HeldChain &held, const py::object &direction,
                       const py::object &gradient, const py::object &tangent) {
    const auto along = finite_vector_of("direction", direction, held.size());
    const auto derivatives = vector_of<double>("gradient", gradient, held.size());
    auto moved = writable_vector_of<double>("tangent", tangent, held.size());
    held.chain.pull_back_tangent(along.data(), derivatives.data(), moved.mutable_data());
}

} // namespace
} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::HeldChain)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::HeldProbe)

namespace deepgen::python {

void bind_probe(py::module_ &module) {
    using py::arg, py::kw_only;
    const auto rowwise = [](auto &probe, const char *name, auto method, const char *doc) {
        probe.def(name, method, arg("parameters"), arg("out"), arg("begin"), arg("end"), kw_only(),
                  arg("n_threads") = 1, doc);
    };
    const auto product = [](auto &probe, const char *name, auto method, const char *doc) {
        probe.def(name, method, arg("parameters"), arg("v"), arg("out"), arg("begin"), arg("end"),
                  kw_only(), arg("n_threads") = 1, doc);
    };

    bind_class<HeldChain>(module, "Chain",
                          "The chain rule between trained numbers and effective weights.")
        .def(py::init<const AnyNetwork &, const py::object &>(), arg("network"), arg("parameters"))
        .def("push_forward", &push_forward, arg("direction"),
             "How the effective weights move along a direction (n_trainable,).")
        .def("pull_back", &pull_back, arg("gradients"),
             "In place, each row (n_trainable,): from effective weights to trained numbers.")
        .def("pull_back_tangent", &pull_back_tangent, arg("direction"), arg("gradient"),
             arg("tangent"), "In place: R of the pulled back gradient, from R of the gradient.");
    module.attr("measured_rows") = measured_rows;
    auto probe = bind_class<HeldProbe>(
        module, "Probe", "A float64 network and data that are measured at any parameters.");
    probe.def(
        py::init<const AnyNetwork &, const py::object &, const py::object &, const py::object &>(),
        arg("network"), arg("X"), arg("y"), arg("weights") = py::none());
    probe.def_property_readonly("n_rows",
                                [](const HeldProbe &held) { return held.probe.n_rows(); });
    product(probe, "add_hvp", &add_product<&Probe::add_hvp, &Probe::n_parameters>,
            "out (P,) += the rows' share of the Hessian's product with v (P,).");
    product(probe, "add_gauss_newton", &add_product<&Probe::add_gauss_newton, &Probe::n_parameters>,
            "out (P,) += the rows' share of the Gauss-Newton matrix's product with v (P,).");
    product(probe, "add_gradients", &add_product<&Probe::add_gradients, &Probe::n_rows>,
            "out (P,) += the rows' sum of v_i times the gradient of sample i, v (n,).");
    product(probe, "directional", &directional,
            "out (n,) = for each row its gradient's product with v (P,).");
    rowwise(probe, "norms", &norms, "out (n,) = for each row the norm of its gradient.");
    rowwise(probe, "gradients", &gradients,
            "out (n, P), or of these rows alone, = for each row its gradient.");
    probe.def("signals", &signals, arg("parameters"), arg("norms"), arg("alive"), arg("begin"),
              arg("end"), kw_only(), arg("n_threads") = 1,
              "norms (n, n_layers) = for each row and layer the norm of dl/dz; marks in alive "
              "(n_units,) the units whose activation has a slope at one of the rows.");
    probe.def("jacobian", &jacobian, arg("parameters"), arg("X"), kw_only(), arg("n_threads") = 1,
              "Derivatives of the outputs in the inputs, (m, n_outputs, n_inputs).");
}

} // namespace deepgen::python
