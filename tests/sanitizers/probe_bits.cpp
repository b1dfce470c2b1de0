// Every measurement of a probe over two chunks of rows: no thread may touch another's numbers
// without meeting it in between.

#include "probe_bits.hpp"

#include "engine/probes/probe.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <utility>

namespace {

using namespace deepgen;

constexpr Index n_rows = measured_rows + 90, n_inputs = 20;

struct Case {
    const char *name;
    const char *normalization;
    const char *activation;
    bool skip, sparse;
    const char *way_to_skip = "residual";
};

std::vector<double> numbers(Index n, double scale) {
    std::vector<double> values(as_size(n));
    for (Index i = 0; i < n; ++i)
        values[as_size(i)] = scale * static_cast<double>((i * 7919 + 13) % 101 - 50) / 50.0;
    return values;
}

NetworkSpec spec_of(const Case &c) {
    const Component normalization{c.normalization, {}};
    NetworkSpec spec{n_inputs, {}, {"squared_error", {}}, true};
    spec.layers.push_back({70, c.activation, normalization, no_skip, 0.0});
    spec.layers.push_back({33, c.activation, normalization, no_skip, 0.0});
    spec.layers.push_back({70,
                           "identity",
                           {"none", {}},
                           c.skip ? 0 : no_skip,
                           0.0,
                           {"none", {}},
                           {c.way_to_skip, {}}});
    spec.layers.push_back({3, "identity", {"none", {}}, no_skip, 0.0});
    return spec;
}

std::vector<double> measured(const Case &c, Index n_threads, std::size_t kept_limit) {
    const Network<double> network(spec_of(c), kernels<double>(""));
    std::vector<double> parameters = numbers(network.layout().n_parameters, 0.1);
    for (const Block &block : network.layout().blocks)
        if (block.name().starts_with("scale") || block.name().starts_with("variance"))
            std::fill_n(parameters.data() + block.offset, block.size(), 1.0);
    const std::vector<double> X = numbers(n_rows * n_inputs, 1.0), y = numbers(n_rows * 3, 1.0);
    std::vector<double> weights = numbers(n_rows, 0.4);
    for (double &weight : weights)
        weight += 0.5;

    std::vector<std::int64_t> starts{0};
    std::vector<std::int32_t> indices;
    std::vector<double> values;
    for (Index i = 0; i < n_rows; ++i) {
        for (Index j = i % 3; j < n_inputs; j += 3) {
            indices.push_back(static_cast<std::int32_t>(j));
            values.push_back(X[as_size(i * n_inputs + j)]);
        }
        starts.push_back(static_cast<std::int64_t>(indices.size()));
    }
    Inputs<double> inputs{.n_rows = n_rows, .n_columns = n_inputs};
    if (c.sparse) {
        inputs.starts = starts.data();
        inputs.indices = indices.data();
        inputs.values = values.data();
    } else
        inputs.dense = X.data();

    const Probe probe(network, inputs, {3, y.data(), nullptr, weights.data()}, kept_limit);
    const Index P = probe.n_parameters();
    const IndexRange rows{0, n_rows};
    const Point at(network, parameters.data());
    constexpr Index n_outputs = 3, k = 2, n_chosen = 200;
    const std::vector<double> V = numbers(k * P, 1.0), U = numbers(k * n_rows * n_outputs, 1.0);
    std::vector<std::int64_t> chosen;
    for (Index i = 0; i < n_chosen; ++i)
        chosen.push_back((i * 37) % n_rows);
    Index factors = 0;
    const bool gate = std::string_view(c.way_to_skip) == "highway" && c.skip;
    for (std::size_t l = 0; l < network.layers().size() && !gate; ++l) {
        const Index inputs_of = probe.factor_inputs(l), width = network.layers()[l].width;
        factors += inputs_of * inputs_of + width * width;
    }
    std::vector<double> all(as_size(
        (5 * k + 1) * P + (k + 1) * n_rows + k * P + k * n_rows * n_outputs + factors + n_rows * 9 +
        n_chosen * n_outputs * P + n_rows * P + n_rows * n_outputs * n_inputs));
    double *to = all.data();
    const auto take = [&to](Index n) { return std::exchange(to, to + n); };
    probe.add_hvp(at, {k, V.data()}, rows, take(k * P), n_threads);
    probe.add_gauss_newton(at, {k, V.data()}, rows, take(k * P), n_threads);
    probe.add_hvp(at, {k, V.data()}, rows, take(k * P), n_threads);
    probe.add_gauss_newton(at, {k, V.data()}, rows, take(k * P), n_threads);
    probe.add_gradients(at, {k, U.data()}, rows, take(k * P), n_threads);
    probe.add_output_gradients(at, {k, U.data()}, rows, take(k * P), n_threads);
    probe.directional(at, {k, V.data()}, rows, take(k * n_rows), n_threads);
    probe.output_tangents(at, {k, V.data()}, rows, take(k * n_rows * n_outputs), n_threads);
    probe.add_gauss_newton_diagonal(at, rows, take(P), n_threads);
    if (!gate)
        probe.add_kronecker_factors(at, rows, take(factors), n_threads);
    probe.output_curvature(at, rows, take(n_rows * 9), n_threads);
    probe.output_gradients(at, {n_chosen, chosen.data()}, take(n_chosen * n_outputs * P),
                           n_threads);
    probe.norms(at, rows, take(n_rows), n_threads);
    probe.gradients(at, rows, take(n_rows * P), n_threads);
    probe.jacobian(at, inputs, take(n_rows * 3 * n_inputs), n_threads);
    return all;
}

} // namespace

int check_probe_bits() {
    constexpr Case cases[] = {
        {"probe", "none", "relu", false, false},
        {"probe, batch norm", "batch", "tanh", false, false},
        {"probe, layer norm, skip", "layer", "gelu", true, false},
        {"probe, sparse", "none", "silu", true, true},
        {"probe, gate", "layer", "silu", true, false, "highway"},
        {"probe, sum and norm", "layer", "silu", true, false, "deepnorm"},
    };
    static_assert(std::size(cases) == n_probe_cases);
    constexpr std::size_t kept = 1 << 18; // of the first rows of some
    int failed = 0;
    for (const Case &c : cases) {
        const bool same = measured(c, 1, 0) == measured(c, 3, kept);
        std::printf("%-24s float64 %s\n", c.name, same ? "same bits" : "BITS DIFFER");
        failed += same ? 0 : 1;
    }
    return failed;
}
