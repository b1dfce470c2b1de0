// The probe: data by reference, a point (packed parameters) with each call, results into the
// caller's arrays.
//
// A call measures the rows begin .. end - 1 and adds its sums to what is there, so that Python can
// go through the data in slices and answer Ctrl-C between them.

#include "bindings/bind.hpp"

#include "engine/probes/chain.hpp"
#include "engine/probes/probe.hpp"

#include <pybind11/stl.h>

namespace deepgen::python {
namespace {

std::shared_ptr<const Network<double>> float64_network(const AnyNetwork &any) {
    const auto *const network = std::get_if<std::shared_ptr<const Network<double>>>(&any.network);
    require(network != nullptr, "a probe measures in float64, the network is ", any.dtype());
    return *network;
}

std::size_t checked_bytes(Index bytes) {
    require(bytes >= 0, "kept_bytes is ", bytes, ", at least 0 is wanted");
    return as_size(bytes);
}

// A probe with what keeps its data and network alive.
struct HeldProbe {
    HeldProbe(const AnyNetwork &any, const py::object &X, const py::object &y,
              const py::object &weights, Index kept_bytes)
        : network(float64_network(any)), inputs(X, network->n_inputs()),
          targets(y, weights, inputs.view.n_rows, *network),
          probe(*network, inputs.view, targets.view, checked_bytes(kept_bytes)) {}

    std::shared_ptr<const Network<double>> network;
    HeldInputs<double> inputs;
    HeldTargets<double> targets;
    Probe probe;
};

// Parameters packed for a network.
struct HeldPoint {
    HeldPoint(const HeldProbe &held, const py::object &parameters)
        : network(held.network),
          point(
              *network,
              vector_of<double>("parameters", parameters, network->layout().n_parameters).data()) {}

    std::shared_ptr<const Network<double>> network;
    Point point;
};

[[nodiscard]] const Point &point_of(const HeldProbe &held, const HeldPoint &given) {
    require(given.network == held.network, "the point belongs to another network");
    return given.point;
}

[[nodiscard]] IndexRange rows_of(const HeldProbe &held, Index begin, Index end) {
    require(begin >= 0 && begin <= end && end <= held.probe.n_rows(), "rows ", begin, " to ", end,
            " are not within the ", held.probe.n_rows(), " rows of the probe");
    return {begin, end};
}

using Product = void (Probe::*)(const Point &, Vectors, IndexRange, double *, Index) const;
using Size = Index (*)(const Probe &);

Index n_parameters(const Probe &probe) {
    return probe.n_parameters();
}
Index n_rows(const Probe &probe) {
    return probe.n_rows();
}
Index n_row_outputs(const Probe &probe) {
    return probe.n_rows() * probe.network().n_outputs();
}

// Products with vectors (k, from) into out (k, to).
template <Product product, Size from, Size to>
void multiply(const HeldProbe &held, const HeldPoint &given, const py::object &v,
              const py::object &out, Index begin, Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    const auto vectors = finite_matrix_of("v", v, from(held.probe));
    const Index k = vectors.shape(0);
    auto products = writable_matrix_of("out", out, k, to(held.probe));
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    const Vectors along{k, vectors.data()};
    double *const into = products.mutable_data();
    const ReleasedInterpreter released;
    (held.probe.*product)(point, along, rows, into, n_threads);
}

void norms(const HeldProbe &held, const HeldPoint &given, const py::object &out, Index begin,
           Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    auto sizes = writable_vector_of<double>("out", out, held.probe.n_rows());
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    double *const to = sizes.mutable_data();
    const ReleasedInterpreter released;
    held.probe.norms(point, rows, to, n_threads);
}

void signals(const HeldProbe &held, const HeldPoint &given, const py::object &norms,
             const py::object &alive, Index begin, Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    Index n_units = 0;
    for (const auto &layer : held.network->layers())
        n_units += layer.width;
    const auto n_layers = static_cast<Index>(held.network->layers().size());
    auto sizes = writable_matrix_of("norms", norms, held.probe.n_rows(), n_layers);
    auto lives = writable_vector_of<bool>("alive", alive, n_units);
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    double *const to = sizes.mutable_data();
    bool *const marks = lives.mutable_data();
    const ReleasedInterpreter released;
    held.probe.signals(point, rows, to, marks, n_threads);
}

void add_gauss_newton_diagonal(const HeldProbe &held, const HeldPoint &given, const py::object &out,
                               Index begin, Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    auto diagonal = writable_vector_of<double>("out", out, held.probe.n_parameters());
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    double *const to = diagonal.mutable_data();
    const ReleasedInterpreter released;
    held.probe.add_gauss_newton_diagonal(point, rows, to, n_threads);
}

void add_loss(const HeldProbe &held, const HeldPoint &given, const py::object &out, Index begin,
              Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    auto loss = writable_vector_of<double>("out", out, 1);
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    double &to = *loss.mutable_data();
    const ReleasedInterpreter released;
    held.probe.add_loss(point, rows, to, n_threads);
}

// Rows of A and of G of each layer.
std::vector<std::pair<Index, Index>> factor_sizes(const HeldProbe &held) {
    std::vector<std::pair<Index, Index>> sizes;
    for (std::size_t l = 0; l < held.network->layers().size(); ++l)
        sizes.emplace_back(held.probe.factor_inputs(l), held.network->layers()[l].width);
    return sizes;
}

void add_kronecker_factors(const HeldProbe &held, const HeldPoint &given, const py::object &out,
                           Index begin, Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    Index size = 0;
    for (const auto &[inputs, width] : factor_sizes(held))
        size += inputs * inputs + width * width;
    auto factors = writable_vector_of<double>("out", out, size);
    const IndexRange rows = rows_of(held, begin, end);
    n_threads = checked_threads(n_threads);
    double *const to = factors.mutable_data();
    const ReleasedInterpreter released;
    held.probe.add_kronecker_factors(point, rows, to, n_threads);
}

void output_curvature(const HeldProbe &held, const HeldPoint &given, const py::object &out,
                      Index begin, Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    const Index n_outputs = held.network->n_outputs();
    const IndexRange rows = rows_of(held, begin, end);
    auto curvature = writable_matrix_of("out", out, end - begin, n_outputs * n_outputs);
    n_threads = checked_threads(n_threads);
    double *const to = curvature.mutable_data();
    const ReleasedInterpreter released;
    held.probe.output_curvature(point, rows, to, n_threads);
}

void gradients(const HeldProbe &held, const HeldPoint &given, const py::object &out, Index begin,
               Index end, Index n_threads) {
    const Point &point = point_of(held, given);
    const IndexRange rows = rows_of(held, begin, end);
    const bool whole = array_of<double>("out", out, 2).shape(0) == held.probe.n_rows();
    const Index P = held.probe.n_parameters();
    auto G = writable_matrix_of("out", out, whole ? held.probe.n_rows() : end - begin, P);
    n_threads = checked_threads(n_threads);
    double *const to = G.mutable_data() + (whole ? begin * P : 0);
    const ReleasedInterpreter released;
    held.probe.gradients(point, rows, to, n_threads);
}

void output_gradients(const HeldProbe &held, const HeldPoint &given, const py::object &chosen,
                      const py::object &out, Index n_threads) {
    const Point &point = point_of(held, given);
    const HeldSelection rows(chosen, held.probe.n_rows());
    auto J = writable_matrix_of("out", out, rows.view.size * held.network->n_outputs(),
                                held.probe.n_parameters());
    n_threads = checked_threads(n_threads);
    double *const to = J.mutable_data();
    const ReleasedInterpreter released;
    held.probe.output_gradients(point, rows.view, to, n_threads);
}

py::array_t<double> jacobian(const HeldProbe &held, const HeldPoint &given, const py::object &X,
                             Index n_threads) {
    const Point &point = point_of(held, given);
    const HeldInputs<double> inputs(X, held.network->n_inputs());
    n_threads = checked_threads(n_threads);
    py::array_t<double> J(
        {inputs.view.n_rows, held.network->n_outputs(), held.network->n_inputs()});
    double *const to = J.mutable_data();
    const ReleasedInterpreter released;
    held.probe.jacobian(point, inputs.view, to, n_threads);
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
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::HeldPoint)
DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::HeldProbe)

namespace deepgen::python {

void bind_probe(py::module_ &module) {
    using py::arg, py::kw_only;
    const auto rowwise = [](auto &probe, const char *name, auto method, const char *doc) {
        probe.def(name, method, arg("point"), arg("out"), arg("begin"), arg("end"), kw_only(),
                  arg("n_threads") = 1, doc);
    };
    const auto product = [](auto &probe, const char *name, auto method, const char *doc) {
        probe.def(name, method, arg("point"), arg("v"), arg("out"), arg("begin"), arg("end"),
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
    bind_class<HeldPoint>(module, "Point", "Parameters packed once for all measurements at them.");
    auto probe = bind_class<HeldProbe>(
        module, "Probe", "A float64 network and data that are measured at any parameters.");
    probe.def(py::init<const AnyNetwork &, const py::object &, const py::object &,
                       const py::object &, Index>(),
              arg("network"), arg("X"), arg("y"), arg("weights") = py::none(), kw_only(),
              arg("kept_bytes") = 0);
    probe.def_property_readonly(
        "kept_bytes", [](const HeldProbe &held) { return held.probe.kept_bytes(); },
        "Memory of values that later products at the same point use again.");
    probe.def_property_readonly("n_rows",
                                [](const HeldProbe &held) { return held.probe.n_rows(); });
    probe.def(
        "point",
        [](const HeldProbe &held, const py::object &parameters) {
            return HeldPoint(held, parameters);
        },
        arg("parameters"), "Parameters (n_parameters,), buffers included, packed.");
    product(probe, "add_hvp", &multiply<&Probe::add_hvp, &n_parameters, &n_parameters>,
            "out (k, P) += the rows' share of the Hessian's products with v (k, P).");
    product(probe, "add_gauss_newton",
            &multiply<&Probe::add_gauss_newton, &n_parameters, &n_parameters>,
            "out (k, P) += the rows' share of the Gauss-Newton matrix's products with v (k, P).");
    product(probe, "add_gradients", &multiply<&Probe::add_gradients, &n_rows, &n_parameters>,
            "out (k, P) += the rows' sum of v_i times the gradient of sample i, v (k, n).");
    product(probe, "add_output_gradients",
            &multiply<&Probe::add_output_gradients, &n_row_outputs, &n_parameters>,
            "out (k, P) += the rows' sum of the outputs' gradients times v (k, n n_outputs).");
    product(probe, "directional", &multiply<&Probe::directional, &n_parameters, &n_rows>,
            "out (k, n) = for each row its gradient's products with v (k, P).");
    product(probe, "output_tangents",
            &multiply<&Probe::output_tangents, &n_parameters, &n_row_outputs>,
            "out (k, n n_outputs) = for each output of a row its gradient's products with v.");
    rowwise(probe, "add_loss", &add_loss, "out (1,) += the rows' share of the loss.");
    rowwise(probe, "norms", &norms, "out (n,) = for each row the norm of its gradient.");
    rowwise(probe, "add_gauss_newton_diagonal", &add_gauss_newton_diagonal,
            "out (P,) += the rows' share of the Gauss-Newton matrix's diagonal.");
    rowwise(probe, "add_kronecker_factors", &add_kronecker_factors,
            "out += the rows' share of A and G of each layer, of the sizes `factor_sizes`.");
    rowwise(probe, "output_curvature", &output_curvature,
            "out (end - begin, n_outputs^2) = for each row the loss's Hessian in the outputs.");
    probe.def_property_readonly("factor_sizes", &factor_sizes,
                                "Rows of the Kronecker factors A and G of each layer.");
    rowwise(probe, "gradients", &gradients,
            "out (n, P), or of these rows alone, = for each row its gradient.");
    probe.def("signals", &signals, arg("point"), arg("norms"), arg("alive"), arg("begin"),
              arg("end"), kw_only(), arg("n_threads") = 1,
              "norms (n, n_layers) = for each row and layer the norm of dl/dz; marks in alive "
              "(n_units,) the units whose activation has a slope at one of the rows.");
    probe.def("output_gradients", &output_gradients, arg("point"), arg("rows"), arg("out"),
              kw_only(), arg("n_threads") = 1,
              "out (m n_outputs, P) = for each output of chosen rows its gradient.");
    probe.def("jacobian", &jacobian, arg("point"), arg("X"), kw_only(), arg("n_threads") = 1,
              "Derivatives of the outputs in the inputs, (m, n_outputs, n_inputs).");
}

} // namespace deepgen::python
