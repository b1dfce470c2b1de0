// Sums over rows that have the parameters' shape: weighted gradients and curvature products.
//
// Costs in gradients, for layers of equal width: a weighted gradient 1, Gauss-Newton 5/3, Hessian
// 8/3 (forward 1 + 2 products a layer, back 1 + 2, weights 2, where a gradient has 1 + 1 + 1).
//
// Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient descent,
// section 3 (Gauss-Newton).

#include "engine/probes/probe_chunk.hpp"

#include <algorithm>

namespace deepgen {

namespace {

// No more threads than blocks of a chunk's rows.
Index team_size(IndexRange rows, Index n_threads) {
    return std::min(n_threads, n_row_blocks(chunk_rows(rows)));
}

} // namespace

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

std::vector<PackedParameters<double>>
Probe::directions_of(Vectors v, PackedParameters<double>::Use use) const {
    std::vector<PackedParameters<double>> directions;
    for (Index j = 0; j < v.count; ++j)
        directions.emplace_back(network_, use)
            .load_trainable(network_, v.data + j * n_parameters());
    return directions;
}

void Probe::add_over_chunks(const Point &point, IndexRange rows, Index n_sums, double *sums,
                            Index n_threads, Steps steps) const {
    const Index most = chunk_rows(rows);
    if (most <= 0)
        return;
    n_threads = team_size(rows, n_threads);
    std::vector<Buffer<double>> packed_sums;
    for (Index j = 0; j < n_sums; ++j) {
        packed_sums.emplace_back(as_size(network_.packed().size()));
        network_.packed().pack(sums + j * n_parameters(), packed_sums.back().data());
    }
    Pass<double> pass(network_, most, n_threads, !X_.sparse(), Pass<double>::Purpose::gradient);
    parallel(n_threads, [&](const Team &team) {
        for (Index first = rows.begin; first < rows.end; first += most) {
            const Index n = std::min(most, rows.end - first);
            const Chunk chunk{.X = from_row(X_, first),
                              .y = from_row(y_, first),
                              .batch = {.rows = {n}, .weight_sum = weight_sum_, .training = false},
                              .first = first,
                              .pass = pass,
                              .parameters = point.packed(),
                              .sums = packed_sums};
            pass.forward(team, chunk.batch, chunk.X, chunk.parameters,
                         static_cast<Index>(network_.layers().size()) - 1, Part::output);
            steps(team, chunk);
        }
    });
    for (Index j = 0; j < n_sums; ++j)
        network_.packed().unpack(packed_sums[as_size(j)].data(), sums + j * n_parameters());
}

void Probe::add_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                          Index n_threads) const {
    add_over_chunks(point, rows, u.count, sums, n_threads,
                    [&](const Team &team, const Chunk &chunk) {
                        Batch<double> batch = chunk.batch;
                        batch.weight_sum = 1.0;
                        TargetsView<double> y = chunk.y;
                        for (Index j = 0; j < u.count; ++j) {
                            y.weights = u.data + j * n_rows() + chunk.first;
                            chunk.pass.loss_and_output_gradients(team, batch, y);
                            chunk.pass.backward(team, batch, chunk.parameters);
                            chunk.add_weight_gradients(team, j);
                        }
                    });
}

void Probe::add_output_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                                 Index n_threads) const {
    const Index n_outputs = network_.n_outputs();
    add_over_chunks(
        point, rows, u.count, sums, n_threads, [&](const Team &team, const Chunk &chunk) {
            const Rows<double> gradients = chunk.pass.output_gradients(chunk.batch.rows.size);
            const IndexRange own = Pass<double>::row_range(team, chunk.batch.rows.size);
            for (Index j = 0; j < u.count; ++j) {
                const double *const given = u.data + (j * n_rows() + chunk.first) * n_outputs;
                for (Index i = own.begin; i < own.end; ++i)
                    std::copy_n(given + i * n_outputs, n_outputs,
                                gradients.data + i * gradients.stride);
                chunk.pass.backward(team, chunk.batch, chunk.parameters);
                chunk.add_weight_gradients(team, j);
            }
        });
}

void Probe::add_gauss_newton(const Point &point, Vectors v, IndexRange rows, double *sums,
                             Index n_threads) const {
    const auto directions = directions_of(v, PackedParameters<double>::Use::forward);
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::forward);
    add_over_chunks(
        point, rows, v.count, sums, n_threads, [&](const Team &team, const Chunk &chunk) {
            chunk.pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
            for (Index j = 0; j < v.count; ++j) {
                tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                directions[as_size(j)]);
                tangent.curvature_as_output_gradients(team, chunk.batch, chunk.y, chunk.pass);
                chunk.pass.backward(team, chunk.batch, chunk.parameters);
                chunk.add_weight_gradients(team, j);
            }
        });
}

void Probe::add_hvp(const Point &point, Vectors v, IndexRange rows, double *sums,
                    Index n_threads) const {
    const auto directions = directions_of(v, PackedParameters<double>::Use::both_ways);
    std::vector<Tangent> tangents;
    for (Index j = 0; j < v.count; ++j)
        tangents.emplace_back(network_, chunk_rows(rows), team_size(rows, n_threads),
                              Tangent::Purpose::curvature);
    add_over_chunks(
        point, rows, v.count, sums, n_threads, [&](const Team &team, const Chunk &chunk) {
            chunk.pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
            for (std::size_t j = 0; j < tangents.size(); ++j) {
                tangents[j].forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                    directions[j]);
                tangents[j].tangent_of_output_gradients(team, chunk.batch, chunk.y, chunk.pass);
            }
            chunk.pass.backward(
                team, chunk.batch, chunk.parameters, [&](Index layer, GradientStage stage) {
                    for (std::size_t j = 0; j < tangents.size(); ++j)
                        tangents[j].backward(team, chunk.batch, chunk.pass, chunk.parameters,
                                             directions[j], layer, stage);
                });
            team.wait();
            for (std::size_t j = 0; j < tangents.size(); ++j)
                tangents[j].weight_gradients(team, chunk.batch, chunk.X, chunk.pass,
                                             chunk.parameters, directions[j],
                                             Adding{chunk.sums[j]});
            team.wait();
        });
}

} // namespace deepgen
