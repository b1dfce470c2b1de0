// Sums over rows that have the parameters' shape: weighted gradients and curvature products.
//
// Costs in gradients, for layers of equal width: a weighted gradient 1, Gauss-Newton 5/3, Hessian
// 8/3 (forward 1 + 2 products a layer, back 1 + 2, weights 2, where a gradient has 1 + 1 + 1).
//
// Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient descent,
// section 3 (Gauss-Newton).

#include "engine/probes/probe.hpp"

#include <algorithm>

namespace deepgen {

namespace {

Index chunk_rows(IndexRange rows) {
    return std::min(measured_rows, rows.end - rows.begin);
}

// No more threads than blocks of a chunk's rows.
Index team_size(IndexRange rows, Index n_threads) {
    return std::min(n_threads, n_row_blocks(chunk_rows(rows)));
}

} // namespace

struct Probe::Chunk {
    Inputs<double> X;
    TargetsView<double> y;
    Batch<double> batch;
    Pass<double> &pass;
    PackedParameters<double> &parameters;
    Pass<double>::Sink sink;
};

Inputs<double> from_row(const Inputs<double> &X, Index first) {
    Inputs<double> rest = X;
    rest.n_rows -= first;
    if (X.sparse())
        rest.starts += first;
    else
        rest.dense += first * X.n_columns;
    return rest;
}

TargetsView<double> from_row(const TargetsView<double> &y, Index first) {
    TargetsView<double> rest = y;
    if (y.values)
        rest.values += first * y.n_targets;
    if (y.classes)
        rest.classes += first;
    if (y.weights)
        rest.weights += first;
    return rest;
}

Probe::Probe(const Network<double> &network, const Inputs<double> &X, const TargetsView<double> &y)
    : network_(network), X_(X), y_(y) {
    require(X.n_rows >= 1, "a probe needs at least one row");
    require(
        !network.reparametrized(),
        "a probe measures plain networks: give the effective one, and go through the chain rule");
    for (Index i = 0; i < X.n_rows; ++i)
        weight_sum_ += y.weights ? y.weights[i] : 1.0;
    require(weight_sum_ > 0.0, "the sample weights sum to ", weight_sum_,
            ", a positive sum is wanted");
}

void Probe::add_over_chunks(const double *parameters, const double *weights, double weight_sum,
                            IndexRange rows, double *sum, Index n_threads, Steps phase_1,
                            Steps phase_2) const {
    const Index most = chunk_rows(rows);
    if (most <= 0)
        return;
    n_threads = team_size(rows, n_threads);
    PackedParameters<double> packed(network_);
    packed.load(network_, parameters);
    Buffer<double> packed_sum(packed.weights.size());
    network_.packed().pack(sum, packed_sum.data());
    Pass<double> pass(network_, most, n_threads, !X_.sparse(), Pass<double>::Purpose::gradient);
    TargetsView<double> y = y_;
    y.weights = weights;
    parallel(n_threads, [&](const Team &team) {
        const auto sink = [&](Index, const GradientTask &, const GradientTile<double> &tile) {
            for (Index i = 0; i < tile.n; ++i)
                packed_sum[as_size(tile.offset + i)] += tile.gradient[i];
        };
        for (Index first = rows.begin; first < rows.end; first += most) {
            const Index n = std::min(most, rows.end - first);
            const Chunk chunk{.X = from_row(X_, first),
                              .y = from_row(y, first),
                              .batch = {.rows = {n}, .weight_sum = weight_sum, .training = false},
                              .pass = pass,
                              .parameters = packed,
                              .sink = sink};
            pass.forward(team, chunk.batch, chunk.X, packed,
                         static_cast<Index>(network_.layers().size()) - 1, Part::output);
            pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
            phase_1(team, chunk);
            team.wait();
            phase_2(team, chunk);
            team.wait();
        }
    });
    network_.packed().unpack(packed_sum.data(), sum);
}

void Probe::add_gradients(const double *parameters, const double *u, IndexRange rows, double *sum,
                          Index n_threads) const {
    add_over_chunks(
        parameters, u, 1.0, rows, sum, n_threads,
        [](const Team &team, const Chunk &chunk) {
            chunk.pass.backward(team, chunk.batch, chunk.parameters);
        },
        [](const Team &team, const Chunk &chunk) {
            chunk.pass.weight_gradients(team, chunk.batch, chunk.X, chunk.parameters, chunk.sink);
        });
}

void Probe::add_gauss_newton(const double *parameters, const double *v, IndexRange rows,
                             double *sum, Index n_threads) const {
    PackedParameters<double> direction(network_);
    direction.load_trainable(network_, v);
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::forward);
    add_over_chunks(
        parameters, y_.weights, weight_sum_, rows, sum, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters, direction);
            tangent.curvature_as_output_gradients(team, chunk.batch, chunk.y, chunk.pass);
            chunk.pass.backward(team, chunk.batch, chunk.parameters);
        },
        [](const Team &team, const Chunk &chunk) {
            chunk.pass.weight_gradients(team, chunk.batch, chunk.X, chunk.parameters, chunk.sink);
        });
}

void Probe::add_hvp(const double *parameters, const double *v, IndexRange rows, double *sum,
                    Index n_threads) const {
    PackedParameters<double> direction(network_);
    direction.load_trainable(network_, v);
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::curvature);
    add_over_chunks(
        parameters, y_.weights, weight_sum_, rows, sum, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters, direction);
            tangent.tangent_of_output_gradients(team, chunk.batch, chunk.y, chunk.pass);
            chunk.pass.backward(team, chunk.batch, chunk.parameters,
                                [&](Index layer, GradientStage stage) {
                                    tangent.backward(team, chunk.batch, chunk.pass,
                                                     chunk.parameters, direction, layer, stage);
                                });
        },
        [&](const Team &team, const Chunk &chunk) {
            tangent.weight_gradients(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                     direction, chunk.sink);
        });
}

} // namespace deepgen
