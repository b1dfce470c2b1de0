// The diagonal of the Gauss-Newton matrix, and Kronecker factors of its blocks on the diagonal.
//
//   GN = sum_i w_i J_i^T H_i J_i / sum_i w_i,   H_i = d2l_i/dz_i2
//
// Two ways back for each output c give p_c = dz_c/dz_l and q_c, the same of w_i H_i e_c / sum w, so
//
//   S_i = sum_c p_c q_c^T       the layer's share of sample i
//   diagonal at W_kj            sum_i a_ik^2 (S_i)_jj
//   factors                     A = sum_i w_i a_i a_i^T / sum_i w_i,   G = sum_i S_i
//
// A and G are exact for the block of one sample; for more it is A (x) G in place of the sum of
// products. With p_c and q_c on the other side of a norm or a slope the diagonal has its numbers.

#include "engine/probes/probe_chunk.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

constexpr Index tile_rows = 48;

// Of one layer and a chunk of rows, where the passes' gradients stand alike.
struct LayerRows {
    Buffer<double> product, normalized, lifted;
};

std::vector<LayerRows> rows_of_layers(const Network<double> &network, Index max_rows) {
    std::vector<LayerRows> all;
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const LayerPlan<double> &plan = network.layers()[l];
        const Index width = plan.gate >= 0 ? network.packed().layers()[l].width : plan.width;
        LayerRows &rows = all.emplace_back();
        rows.product.resize(as_size(max_rows * row_stride<double>(width)));
        const std::size_t size = as_size(max_rows * row_stride<double>(plan.width));
        rows.normalized.resize(plan.normalization ? size : 0);
        rows.lifted.resize(plan.parametric ? size : 0);
    }
    return all;
}

// Calls take(gradients of the pass, the same place of `all`) at each stage that has a buffer.
template <class Take>
void at_stage(const Pass<double> &pass, Index layer, GradientStage stage, Index n_rows,
              std::vector<LayerRows> &all, Take take) {
    LayerRows &rows = all[as_size(layer)];
    if (stage == GradientStage::product)
        take(pass.product_gradients(layer, n_rows), rows.product);
    if (stage != GradientStage::normalized)
        return;
    if (!rows.normalized.empty())
        take(pass.gradients(layer, n_rows), rows.normalized);
    if (!rows.lifted.empty())
        take(pass.slope_gradients(layer, n_rows), rows.lifted);
}

} // namespace

// After the way forward: p_c in `firsts`, then `second` at each stage of q_c, then `done`.
template <class LayerRows, class Second, class Done>
void Probe::each_output(const Team &team, const Chunk &chunk, Buffer<double> &unit,
                        std::vector<LayerRows> &firsts, Second second, Done done) const {
    Pass<double> &pass = chunk.pass;
    const Index n = chunk.batch.rows.size;
    const IndexRange own = Pass<double>::row_range(team, n);
    pass.loss_and_output_gradients(team, chunk.batch, chunk.y);
    const Rows<double> outputs = pass.output_gradients(n);
    for (Index output = 0; output < network_.n_outputs(); ++output) {
        for (Index i = own.begin; i < own.end; ++i)
            for (double *const matrix : {unit.data(), outputs.data}) {
                std::fill_n(matrix + i * outputs.stride, outputs.width, 0.0);
                matrix[i * outputs.stride + output] = 1.0;
            }
        pass.backward(team, chunk.batch, chunk.parameters, [&](Index layer, GradientStage stage) {
            at_stage(pass, layer, stage, n, firsts,
                     [&](const Rows<const double> &p, Buffer<double> &to) {
                         const Index begin = own.begin * p.stride;
                         std::copy_n(p.data + begin, (own.end - own.begin) * p.stride,
                                     to.data() + begin);
                     });
        });
        for (Index row = own.begin; row < own.end; row += row_block)
            network_.loss().curvature(pass.loss_rows(chunk.batch, chunk.y, row),
                                      unit.data() + row * outputs.stride, outputs.stride);
        pass.backward(team, chunk.batch, chunk.parameters,
                      [&](Index layer, GradientStage stage) { second(own, layer, stage); });
        done();
    }
}

void Probe::add_gauss_newton_diagonal(const Point &point, IndexRange rows, double *sum,
                                      Index n_threads) const {
    require(!network_.has_front(), "the front's numbers have no diagonal here");
    const Index most = chunk_rows(rows);
    std::vector<LayerRows> firsts = rows_of_layers(network_, most);
    std::vector<LayerRows> squares = rows_of_layers(network_, most); // sum_c p_c q_c
    Buffer<double> unit(as_size(most * row_stride<double>(network_.n_outputs())));
    std::vector<Buffer<double>> inputs; // a^2
    for (const LayerPlan<double> &plan : network_.layers())
        inputs.emplace_back(
            inputs.empty() && X_.sparse() ? 0 : as_size(most * row_stride<double>(plan.n_inputs)));
    Buffer<double> values(X_.sparse() ? as_size(X_.starts[X_.n_rows]) : 0);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = X_.values[i] * X_.values[i];
    const Kernels<double> &kernels = network_.kernels();
    Buffer<double> packed_sum(as_size(network_.packed().size()));
    network_.packed().pack(sum, packed_sum.data());
    over_chunks(
        point, rows, KeptValues::Wish::nothing, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            Pass<double> &pass = chunk.pass;
            const Index n = chunk.batch.rows.size;
            const IndexRange own = Pass<double>::row_range(team, n);
            const auto layer_rows = [&](const Buffer<double> &matrix, Index width) {
                return Rows<const double>{n, width, matrix.data(), row_stride<double>(width)};
            };
            for (std::size_t l = 0; l < inputs.size(); ++l) {
                LayerRows &to = squares[l];
                for (Buffer<double> *const matrix : {&to.product, &to.normalized, &to.lifted}) {
                    const Index stride = static_cast<Index>(matrix->size()) / most;
                    std::fill_n(matrix->data() + own.begin * stride, (own.end - own.begin) * stride,
                                0.0);
                }
                if (inputs[l].empty())
                    continue;
                const Rows<const double> a = pass.inputs(static_cast<Index>(l), n);
                for (Index i = own.begin; i < own.end; ++i)
                    for (Index k = 0; k < a.width; ++k)
                        inputs[l][as_size(i * row_stride<double>(a.width) + k)] =
                            a.data[i * a.stride + k] * a.data[i * a.stride + k];
            }
            const auto multiply = [&](IndexRange mine, Index layer, GradientStage stage) {
                LayerRows &p = firsts[as_size(layer)];
                at_stage(pass, layer, stage, n, squares,
                         [&](const Rows<const double> &q, Buffer<double> &to) {
                             LayerRows &sums = squares[as_size(layer)];
                             const Buffer<double> &first = &to == &sums.product  ? p.product
                                                           : &to == &sums.lifted ? p.lifted
                                                                                 : p.normalized;
                             for (Index i = mine.begin * q.stride; i < mine.end * q.stride; ++i)
                                 to[as_size(i)] += first[as_size(i)] * q.data[i];
                         });
            };
            each_output(team, chunk, unit, firsts, multiply, [] {});
            team.wait();
            const auto inputs_of = [&](Index layer) {
                return layer_rows(inputs[as_size(layer)],
                                  network_.layers()[as_size(layer)].n_inputs);
            };
            const auto squares_of = [&](Index layer) {
                const Rows<const double> like = pass.product_gradients(layer, n);
                return Rows<const double>{n, like.width, squares[as_size(layer)].product.data(),
                                          like.stride};
            };
            const auto vectors = [&](Index layer, double *gradient) {
                const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
                const Index width = network_.layers()[as_size(layer)].width;
                const LayerRows &own_squares = squares[as_size(layer)];
                pass.intercept_gradient(layer, squares_of(layer), gradient);
                if (!own_squares.normalized.empty()) {
                    const NormalizationMemory<double> &memory = pass.normalization(layer);
                    const Rows<const double> dy = layer_rows(own_squares.normalized, width);
                    double *const scale = gradient + packed.width;
                    for (Index i = 0; i < n; ++i)
                        for (Index j = 0; j < width; ++j) {
                            const double x = memory.standardized[as_size(i * memory.stride + j)];
                            scale[j] += x * x * dy.data[i * dy.stride + j];
                        }
                    kernels.matrix.column_sums(dy, gradient + 2 * packed.width);
                }
                if (packed.has_slope)
                    kernels.matrix.column_sums(layer_rows(own_squares.lifted, width),
                                               gradient + (packed.slope - packed.intercepts));
            };
            const OuterTerm<double> term{
                .with_inputs = true, .inputs = inputs_of, .gradients = squares_of};
            Inputs<double> X = chunk.X;
            if (X.sparse())
                X.values = values.data();
            pass.weight_gradients(
                team, chunk.batch, X, pass.tasks(team), {&term, 1}, vectors,
                [](const GradientTask &, double *) {}, Adding{packed_sum});
            team.wait();
        });
    network_.packed().unpack(packed_sum.data(), sum);
}

Index Probe::factor_inputs(std::size_t layer) const {
    return network_.layers()[layer].n_inputs + (network_.packed().layers()[layer].has_bias ? 1 : 0);
}

void Probe::add_kronecker_factors(const Point &point, IndexRange rows, double *factors,
                                  Index n_threads) const {
    const Index most = chunk_rows(rows), n_layers = static_cast<Index>(network_.layers().size());
    std::vector<LayerRows> firsts = rows_of_layers(network_, most);
    Buffer<double> unit(as_size(most * row_stride<double>(network_.n_outputs())));
    // a and w a / sum w, with a 1 for the bias; and where A and G of each layer begin.
    std::vector<std::array<Buffer<double>, 2>> inputs(as_size(n_layers));
    std::vector<std::array<Index, 2>> places;
    Index place = 0;
    for (Index l = 0; l < n_layers; ++l) {
        const Index size = factor_inputs(as_size(l));
        const Index width = network_.layers()[as_size(l)].width;
        require(network_.layers()[as_size(l)].gate < 0,
                "a layer with a gate (highway) is two matrices and has no Kronecker factors");
        for (Buffer<double> &matrix : inputs[as_size(l)])
            matrix.resize(as_size(most * row_stride<double>(size)));
        places.push_back({place, place + size * size});
        place += size * size + width * width;
    }
    const Kernels<double> &kernels = network_.kernels();
    std::vector<Buffer<double>> tiles;
    for (Index rank = 0; rank < n_threads; ++rank)
        tiles.emplace_back(as_size(tile_rows * kernels.panel));
    // sum (size, size) += a^T b, each tile by one thread.
    const auto add_products = [&](const Team &team, Index size, Index n, const double *a,
                                  const double *b, Index stride, double *sum) {
        const Index down = (size + tile_rows - 1) / tile_rows;
        const Index across = (padded<double>(size) + kernels.panel - 1) / kernels.panel;
        const IndexRange mine = team.share(down * across);
        double *const tile = tiles[as_size(team.rank)].data();
        for (Index item = mine.begin; item < mine.end; ++item) {
            const Index row = item / across * tile_rows, column = item % across * kernels.panel;
            const Index height = std::min(tile_rows, size - row);
            const Index width = std::min(kernels.panel, padded<double>(size) - column);
            kernels.products.outer({.rows = height,
                                    .columns = width,
                                    .depth = n,
                                    .a = a + row,
                                    .a_stride = stride,
                                    .b = b + column,
                                    .b_stride = stride,
                                    .out = tile});
            for (Index i = 0; i < height; ++i)
                for (Index j = 0; j < std::min(width, size - column); ++j)
                    sum[(row + i) * size + column + j] += tile[i * width + j];
        }
    };
    over_chunks(
        point, rows, KeptValues::Wish::nothing, n_threads,
        [&](const Team &team, const Chunk &chunk) {
            Pass<double> &pass = chunk.pass;
            const Index n = chunk.batch.rows.size;
            const IndexRange own = Pass<double>::row_range(team, n);
            for (Index l = 0; l < n_layers; ++l) {
                const Index size = factor_inputs(as_size(l)), stride = row_stride<double>(size);
                const Index width = network_.layers()[as_size(l)].n_inputs;
                const Rows<const double> a = pass.inputs(l, n);
                auto &[plain, weighted] = inputs[as_size(l)];
                for (Index i = own.begin; i < own.end; ++i) {
                    const double weight = chunk.y.weights ? chunk.y.weights[i] : 1.0;
                    double *const to = plain.data() + i * stride;
                    std::fill_n(to, size, 1.0);
                    if (l == 0 && chunk.X.sparse()) {
                        std::fill_n(to, width, 0.0);
                        for (std::int64_t k = chunk.X.starts[i]; k < chunk.X.starts[i + 1]; ++k)
                            to[chunk.X.indices[k]] = chunk.X.values[k];
                    } else
                        std::copy_n(a.data + i * a.stride, width, to);
                    for (Index k = 0; k < size; ++k)
                        weighted[as_size(i * stride + k)] = weight / weight_sum_ * to[k];
                }
            }
            team.wait();
            for (Index l = 0; l < n_layers; ++l) {
                const Index size = factor_inputs(as_size(l));
                const auto &[plain, weighted] = inputs[as_size(l)];
                add_products(team, size, n, weighted.data(), plain.data(), row_stride<double>(size),
                             factors + places[as_size(l)][0]);
            }
            each_output(
                team, chunk, unit, firsts, [](IndexRange, Index, GradientStage) {},
                [&] {
                    team.wait();
                    for (Index l = 0; l < n_layers; ++l) {
                        const Rows<const double> q = pass.product_gradients(l, n);
                        add_products(team, q.width, n, firsts[as_size(l)].product.data(), q.data,
                                     q.stride, factors + places[as_size(l)][1]);
                    }
                    team.wait();
                });
        });
}

} // namespace deepgen
