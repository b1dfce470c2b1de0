// Sums over rows that have the parameters' shape: weighted gradients and curvature products.
//
// Costs in gradients, for layers of equal width: a weighted gradient 1, Gauss-Newton 5/3, Hessian
// 8/3 (forward 1 + 2 products a layer, back 1 + 2, weights 2, where a gradient has 1 + 1 + 1).
//
// Schraudolph (2002), Fast curvature matrix-vector products for second-order gradient descent,
// section 3 (Gauss-Newton).

#include "engine/probes/probe_chunk.hpp"

#include <algorithm>
#include <array>

namespace deepgen {

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

Probe::Probe(const Network<double> &network, const Inputs<double> &X, const TargetsView<double> &y,
             std::size_t kept_limit)
    : network_(network), X_(X), y_(y), kept_(network, kept_limit) {
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

void Probe::over_chunks(const Point &point, IndexRange rows, KeptValues::Wish wish, Index n_threads,
                        Steps steps) const {
    const Index most = chunk_rows(rows);
    if (most <= 0)
        return;
    n_threads = team_size(rows, n_threads);
    Pass<double> pass(network_, most, n_threads, !X_.sparse(), Pass<double>::Purpose::gradient);
    std::vector<KeptChunk> kept;
    for (Index first = rows.begin; first < rows.end; first += most)
        kept.push_back(kept_.take(point, first, std::min(most, rows.end - first), n_threads, wish));
    parallel(n_threads, [&](const Team &team) {
        for (std::size_t i = 0; i < kept.size(); ++i) {
            KeptChunk &own = kept[i];
            const Index first = rows.begin + static_cast<Index>(i) * most;
            const Index n = std::min(most, rows.end - first);
            const Chunk chunk{.X = from_row(X_, first),
                              .y = from_row(y_, first),
                              .batch = {.rows = {n}, .weight_sum = weight_sum_, .training = false},
                              .first = first,
                              .pass = pass,
                              .parameters = point.packed(),
                              .deltas = own.deltas ? &*own.deltas : nullptr,
                              .deltas_stand = own.deltas_point == point.number()};
            // Other rows may be this thread's than in the chunk before.
            const auto exchange = [&] {
                team.wait();
                if (team.rank == 0 && !own.values.empty())
                    pass.exchange(own.values);
                team.wait();
            };
            exchange();
            if (own.values_point == point.number())
                pass.gather(team, chunk.batch, chunk.X);
            else
                pass.forward(team, chunk.batch, chunk.X, chunk.parameters,
                             static_cast<Index>(network_.layers().size()) - 1, Part::output);
            steps(team, chunk);
            exchange();
            if (team.rank == 0)
                own.stands(point, team.size, wish == KeptValues::Wish::values_and_deltas);
        }
    });
    for (std::size_t i = 0; i < kept.size(); ++i)
        kept_.put(rows.begin + static_cast<Index>(i) * most, std::move(kept[i]));
}

Probe::Sums::Sums(const Probe &probe, IndexRange rows, Index count, double *sums)
    : network(probe.network()), weights(network, chunk_rows(rows), !probe.X_.sparse()),
      inputs(weights.factors(WeightSums::Side::inputs, false)),
      gradients(weights.factors(WeightSums::Side::gradients, false)) {
    for (Index j = 0; j < count; ++j) {
        packed.emplace_back(as_size(network.packed().size()));
        network.packed().pack(sums + j * probe.n_parameters(), packed.back().data());
    }
}

void Probe::Sums::write(double *sums) const {
    for (std::size_t j = 0; j < packed.size(); ++j)
        network.packed().unpack(packed[j].data(),
                                sums + static_cast<Index>(j) * network.layout().n_trainable);
}

void Probe::Sums::take_inputs(const Team &team, const Chunk &chunk) {
    const Index n = chunk.batch.rows.size;
    weights.turn_inputs(team, n, [&](Index layer) { return chunk.pass.inputs(layer, n); }, inputs);
}

void Probe::Sums::add_gradients(const Team &team, const Chunk &chunk, Index j) {
    const Index n = chunk.batch.rows.size;
    weights.turn_gradients(
        team, n, [&](Index layer) { return chunk.pass.product_gradients(layer, n); }, gradients);
    team.wait();
    const WeightSums::Term term{inputs, gradients};
    weights.add(team, n, {&term, 1}, packed[as_size(j)].data());
    chunk.pass.weight_gradients(team, chunk.batch, chunk.X, chunk.parameters,
                                weights.other_tasks(team), Adding{packed[as_size(j)]});
    team.wait();
}

void Probe::add_loss(const Point &point, IndexRange rows, double &sum, Index n_threads) const {
    over_chunks(point, rows, KeptValues::Wish::nothing, n_threads,
                [&](const Team &team, const Chunk &chunk) {
                    chunk.pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
                    team.wait();
                    if (team.rank == 0)
                        sum += chunk.pass.batch_loss(chunk.batch.rows.size) / weight_sum_;
                });
}

void Probe::add_output_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                                 Index n_threads) const {
    const Index n_outputs = network_.n_outputs();
    Sums own(*this, rows, u.count, sums);
    over_chunks(point, rows, KeptValues::Wish::nothing, n_threads,
                [&](const Team &team, const Chunk &chunk) {
                    const Rows<double> gradients =
                        chunk.pass.output_gradients(chunk.batch.rows.size);
                    const IndexRange mine = chunk.own_rows(team);
                    own.take_inputs(team, chunk);
                    for (Index j = 0; j < u.count; ++j) {
                        const double *const given =
                            u.data + (j * n_rows() + chunk.first) * n_outputs;
                        for (Index i = mine.begin; i < mine.end; ++i)
                            std::copy_n(given + i * n_outputs, n_outputs,
                                        gradients.data + i * gradients.stride);
                        chunk.pass.backward(team, chunk.batch, chunk.parameters);
                        own.add_gradients(team, chunk, j);
                    }
                });
    own.write(sums);
}

void Probe::add_gauss_newton(const Point &point, Vectors v, IndexRange rows, double *sums,
                             Index n_threads) const {
    const auto directions = directions_of(v, PackedParameters<double>::Use::forward);
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::forward);
    Sums own(*this, rows, v.count, sums);
    over_chunks(point, rows, KeptValues::Wish::values, n_threads,
                [&](const Team &team, const Chunk &chunk) {
                    chunk.pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
                    own.take_inputs(team, chunk);
                    for (Index j = 0; j < v.count; ++j) {
                        tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                        directions[as_size(j)]);
                        tangent.curvature_as_output_gradients(team, chunk.batch, chunk.y,
                                                              chunk.pass);
                        chunk.pass.backward(team, chunk.batch, chunk.parameters);
                        own.add_gradients(team, chunk, j);
                    }
                });
    own.write(sums);
}

void Probe::add_hvp(const Point &point, Vectors v, IndexRange rows, double *sums,
                    Index n_threads) const {
    const auto directions = directions_of(v, PackedParameters<double>::Use::both_ways);
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::curvature);
    Sums own(*this, rows, v.count, sums);
    WeightSums::Factors deltas_turned = own.weights.factors(WeightSums::Side::gradients, true);
    WeightSums::Factors tangents_turned = own.weights.factors(WeightSums::Side::inputs, true);
    Deltas scratch(network_, chunk_rows(rows));
    over_chunks(
        point, rows, KeptValues::Wish::values_and_deltas, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            const Index n = chunk.batch.rows.size;
            Deltas &deltas = chunk.deltas ? *chunk.deltas : scratch;
            chunk.pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
            if (!chunk.deltas_stand)
                chunk.pass.backward(team, chunk.batch, chunk.parameters,
                                    [&](Index layer, GradientStage stage) {
                                        deltas.take(team, chunk.pass, n, layer, stage);
                                    });
            own.take_inputs(team, chunk);
            own.weights.turn_gradients(
                team, n, [&](Index layer) { return deltas.at(layer, GradientStage::product, n); },
                deltas_turned);
            for (std::size_t j = 0; j < directions.size(); ++j) {
                tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                directions[j]);
                tangent.tangent_of_output_gradients(team, chunk.batch, chunk.y, chunk.pass);
                tangent.backward(team, chunk.batch, chunk.pass, deltas, chunk.parameters,
                                 directions[j]);
                own.weights.turn_inputs(
                    team, n, [&](Index layer) { return tangent.outputs(layer - 1, n); },
                    tangents_turned);
                own.weights.turn_gradients(
                    team, n, [&](Index layer) { return tangent.product_gradients(layer, n); },
                    own.gradients);
                team.wait();
                const std::array<WeightSums::Term, 2> terms{
                    WeightSums::Term{own.inputs, own.gradients},
                    WeightSums::Term{tangents_turned, deltas_turned}};
                own.weights.add(team, n, terms, own.packed[j].data());
                tangent.weight_gradients(team, chunk.batch, chunk.X, chunk.pass, deltas,
                                         chunk.parameters, directions[j],
                                         own.weights.other_tasks(team), Adding{own.packed[j]});
                team.wait();
            }
        });
    own.write(sums);
}

} // namespace deepgen
