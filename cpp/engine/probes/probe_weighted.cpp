// Sums of the rows' gradients with weights u: the way back does not depend on u, since
//
//   sum_i u_i dl_i/dW = X^T diag(u) dZ
//
// so vectors share it, and each multiplies the rows of what it left. A front's numbers have their
// gradients by columns: there each vector goes back by itself.

#include "engine/probes/probe_chunk.hpp"

namespace deepgen {

// What a way back leaves of rows, times a factor of each row.
struct Probe::RowGradients {
    RowGradients(const Network<double> &network, Index max_rows) : deltas(network, max_rows) {
        for (std::size_t l = 0; l < network.layers().size(); ++l) {
            const LayerPlan<double> &plan = network.layers()[l];
            const Index width = plan.gate >= 0 ? network.packed().layers()[l].width : plan.width;
            const std::size_t size = as_size(max_rows * row_stride<double>(plan.width));
            product.emplace_back(as_size(max_rows * row_stride<double>(width)));
            normalized.emplace_back(plan.normalization ? size : 0);
            lifted.emplace_back(plan.parametric ? size : 0);
        }
    }

    // This thread's rows; a factor of 0 leaves nothing, whatever the gradient is.
    void multiply(IndexRange own, const Chunk &chunk, const double *factors) {
        const Index n = chunk.batch.rows.size;
        const auto scale = [&](const Rows<const double> &from, Buffer<double> &to) {
            for (Index i = own.begin; i < own.end; ++i)
                for (Index j = 0; j < from.stride; ++j)
                    to[as_size(i * from.stride + j)] =
                        factors[i] == 0.0 ? 0.0 : factors[i] * from.data[i * from.stride + j];
        };
        for (std::size_t l = 0; l < product.size(); ++l) {
            const auto layer = static_cast<Index>(l);
            scale(chunk.pass.product_gradients(layer, n), product[l]);
            if (!normalized[l].empty())
                scale(deltas.at(layer, GradientStage::normalized, n), normalized[l]);
            if (!lifted[l].empty())
                scale(chunk.pass.slope_gradients(layer, n), lifted[l]);
        }
    }

    Deltas deltas;
    std::vector<Buffer<double>> product, normalized, lifted;
};

void Probe::add_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                          Index n_threads) const {
    Sums own(*this, rows, u.count, sums);
    if (network_.has_front()) {
        over_chunks(point, rows, KeptValues::Wish::nothing, n_threads,
                    [&](const Team &team, const Chunk &chunk) {
                        Batch<double> batch = chunk.batch;
                        batch.weight_sum = 1.0;
                        TargetsView<double> y = chunk.y;
                        own.take_inputs(team, chunk);
                        for (Index j = 0; j < u.count; ++j) {
                            y.weights = u.data + j * n_rows() + chunk.first;
                            chunk.pass.loss_and_output_gradients(team, batch, y);
                            chunk.pass.backward(team, batch, chunk.parameters);
                            own.add_gradients(team, chunk, j);
                        }
                    });
        return own.write(sums);
    }
    const Kernels<double> &kernels = network_.kernels();
    RowGradients scaled(network_, chunk_rows(rows));
    over_chunks(
        point, rows, KeptValues::Wish::nothing, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            Pass<double> &pass = chunk.pass;
            const Index n = chunk.batch.rows.size;
            Batch<double> batch = chunk.batch;
            batch.weight_sum = 1.0;
            TargetsView<double> y = chunk.y;
            y.weights = nullptr;
            pass.loss_and_output_gradients(team, batch, y);
            pass.backward(team, batch, chunk.parameters, [&](Index layer, GradientStage stage) {
                scaled.deltas.take(team, pass, n, layer, stage);
            });
            own.take_inputs(team, chunk);
            const auto like = [&](const Buffer<double> &matrix, Index width) {
                return Rows<const double>{n, width, matrix.data(), row_stride<double>(width)};
            };
            const auto inputs_of = [&](Index layer) { return pass.inputs(layer, n); };
            const auto gradients_of = [&](Index layer) {
                return like(scaled.product[as_size(layer)], pass.product_gradients(layer, n).width);
            };
            const OuterTerm<double> term{
                .with_inputs = true, .inputs = inputs_of, .gradients = gradients_of};
            const auto vectors = [&](Index layer, double *gradient) {
                const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
                const Index width = network_.layers()[as_size(layer)].width;
                pass.intercept_gradient(layer, gradients_of(layer), gradient);
                if (const auto &dy = scaled.normalized[as_size(layer)]; !dy.empty()) {
                    const NormalizationMemory<double> &memory = pass.normalization(layer);
                    kernels.matrix.product_sums(like(dy, width), memory.standardized.data(),
                                                memory.stride, gradient + packed.width);
                    kernels.matrix.column_sums(like(dy, width), gradient + 2 * packed.width);
                }
                if (packed.has_slope)
                    kernels.matrix.column_sums(like(scaled.lifted[as_size(layer)], width),
                                               gradient + (packed.slope - packed.intercepts));
            };
            for (Index j = 0; j < u.count; ++j) {
                scaled.multiply(chunk.own_rows(team), chunk, u.data + j * n_rows() + chunk.first);
                own.weights.turn_gradients(team, n, gradients_of, own.gradients);
                team.wait();
                Buffer<double> &sum = own.packed[as_size(j)];
                const WeightSums::Term product{own.inputs, own.gradients};
                own.weights.add(team, n, {&product, 1}, sum.data());
                pass.weight_gradients(
                    team, batch, chunk.X, own.weights.other_tasks(team), {&term, 1}, vectors,
                    [](const GradientTask &, double *) {}, Adding{sum});
                team.wait();
            }
        });
    own.write(sums);
}

} // namespace deepgen
