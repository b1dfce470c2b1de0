// What belongs to single rows: their gradients, the norms of those, their derivatives in a
// direction, and the derivatives of the outputs in the inputs. Each thread takes rows of its own.
//
//   |dl_i/dW|^2 = |a_i|^2 |dl_i/dz_i|^2,   since dl_i/dW = a_i (dl_i/dz_i)^T
//
// Goodfellow (2015), Efficient per-example gradient computations.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {
namespace {

Index n_chunks(Index n_rows) {
    return (n_rows + rows_at_once - 1) / rows_at_once;
}

double square_of(const double *x, Index n) {
    double sum = 0.0;
    for (Index j = 0; j < n; ++j)
        sum += x[j] * x[j];
    return sum;
}

} // namespace

void Probe::by_rows(const double *parameters, const double *direction, const Inputs<double> &X,
                    IndexRange rows, Index n_threads, Rowwise work) const {
    const Index most = std::min(rows_at_once, rows.end - rows.begin);
    if (most <= 0)
        return;
    const Index n_own = n_chunks(rows.end - rows.begin);
    n_threads = std::min(n_threads, n_own);
    PackedParameters<double> packed(network_), packed_direction(network_);
    packed.load(network_, parameters);
    if (direction)
        packed_direction.load_trainable(network_, direction);
    // Memory for every thread is made here: nothing may throw among the team.
    std::vector<std::unique_ptr<Worker>> workers;
    for (Index rank = 0; rank < n_threads; ++rank)
        workers.push_back(std::make_unique<Worker>(network_, most, !X.sparse(), rank, packed,
                                                   direction ? &packed_direction : nullptr));
    parallel(n_threads, [&](const Team &team) {
        Worker &worker = *workers[as_size(team.rank)];
        const IndexRange chunks = team.share(n_own);
        for (Index chunk = chunks.begin; chunk < chunks.end; ++chunk) {
            const Index first = rows.begin + chunk * most;
            worker.batch.rows.size = std::min(most, rows.end - first);
            const Inputs<double> own = from_row(X, first);
            worker.pass.forward(single_thread, worker.batch, own, packed,
                                static_cast<Index>(network_.layers().size()) - 1, Part::output);
            work(worker, own, first, worker.batch.rows.size);
        }
    });
}

void Probe::directional(const double *parameters, const double *v, IndexRange rows,
                        double *derivatives, Index n_threads) const {
    const Index last = static_cast<Index>(network_.layers().size()) - 1;
    by_rows(parameters, v, X_, rows, n_threads,
            [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
                loss_gradients(worker, first);
                worker.tangent.forward(single_thread, worker.batch, X, worker.pass,
                                       worker.parameters, *worker.direction);
                const Rows<const double> dz = worker.pass.gradients(last, n);
                const Rows<const double> moved = worker.tangent.outputs(last, n);
                for (Index i = 0; i < n; ++i) {
                    double sum = 0.0;
                    for (Index j = 0; j < dz.width; ++j)
                        sum += dz.data[i * dz.stride + j] * moved.data[i * moved.stride + j];
                    derivatives[first + i] = sum;
                }
            });
}

void Probe::norms(const double *parameters, IndexRange rows, double *norms, Index n_threads) const {
    by_rows(
        parameters, nullptr, X_, rows, n_threads,
        [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
            loss_gradients(worker, first);
            double *const squares = norms + first;
            std::fill_n(squares, n, 0.0);
            const auto visit = [&](Index layer, GradientStage stage) {
                const LayerBlocks &blocks = network_.layout().layers[as_size(layer)];
                const Rows<const double> gradients = worker.pass.gradients(layer, n);
                if (stage == GradientStage::normalized && blocks.scale != absent) {
                    const NormalizationMemory<double> &memory = worker.pass.normalization(layer);
                    for (Index i = 0; i < n; ++i) {
                        const double *const x = memory.standardized.data() + i * memory.stride;
                        const double *const dy = gradients.data + i * gradients.stride;
                        for (Index j = 0; j < gradients.width; ++j)
                            squares[i] += dy[j] * dy[j] * (1.0 + x[j] * x[j]);
                    }
                }
                if (stage == GradientStage::normalized && blocks.slope != absent) {
                    const Rows<const double> da = worker.pass.slope_gradients(layer, n);
                    for (Index i = 0; i < n; ++i)
                        squares[i] += square_of(da.data + i * da.stride, da.width);
                }
                if (stage != GradientStage::product)
                    return;
                const Rows<const double> a = worker.pass.inputs(layer, n);
                const Rows<const double> dz = worker.pass.product_gradients(layer, n);
                if (layer == 0 && network_.has_front())
                    for (Index i = 0; i < n; ++i) {
                        worker.pass.front().gradient_of_row(worker.parameters, i,
                                                            worker.row.data());
                        squares[i] += square_of(worker.row.data() + network_.layout().front.begin,
                                                network_.layout().front.size);
                    }
                const Index gate = network_.packed().layers()[as_size(layer)].gate;
                for (Index i = 0; i < n; ++i) {
                    const bool sparse = layer == 0 && X.sparse();
                    const double inputs =
                        sparse ? square_of(X.values + X.starts[i], X.starts[i + 1] - X.starts[i])
                               : square_of(a.data + i * a.stride, a.width);
                    const auto add = [&](Index intercepts, Index column) {
                        const double bias = intercepts == absent ? 0.0 : 1.0;
                        squares[i] += (inputs + bias) *
                                      square_of(dz.data + i * dz.stride + column, gradients.width);
                    };
                    add(blocks.intercepts, 0);
                    if (blocks.gate_coefs != absent)
                        add(blocks.gate_intercepts, gate);
                }
            };
            worker.pass.backward(single_thread, worker.batch, worker.parameters, visit);
            for (Index i = 0; i < n; ++i)
                squares[i] = std::sqrt(squares[i]);
        });
}

void Probe::gradients(const double *parameters, IndexRange rows, double *G, Index n_threads) const {
    const Index size = n_parameters();
    // One row whole before the next: pages that are new are met once, and in order.
    const auto write_row = [&](Worker &worker, const Inputs<double> &X, Index i, double *to) {
        if (network_.has_front())
            worker.pass.front().gradient_of_row(worker.parameters, i, to);
        for (std::size_t l = 0; l < network_.layers().size(); ++l) {
            const LayerBlocks &blocks = network_.layout().layers[l];
            const Index layer = static_cast<Index>(l), width = blocks.width;
            const Rows<const double> gradients = worker.pass.product_gradients(layer, i + 1);
            const double *const dz = gradients.data + i * gradients.stride;
            double *const coefs = to + blocks.coefs;
            const auto write = [&](Index k, double a) {
                for (Index j = 0; j < width; ++j)
                    coefs[k * width + j] = a * dz[j];
            };
            const Rows<const double> inputs = worker.pass.inputs(layer, i + 1);
            if (layer == 0 && X.sparse()) {
                std::fill_n(coefs, blocks.n_inputs * width, 0.0);
                for (std::int64_t entry = X.starts[i]; entry < X.starts[i + 1]; ++entry)
                    write(X.indices[entry], X.values[entry]);
            } else {
                for (Index k = 0; k < blocks.n_inputs; ++k)
                    write(k, inputs.data[i * inputs.stride + k]);
            }
            if (blocks.intercepts != absent)
                std::copy_n(dz, width, to + blocks.intercepts);
            if (blocks.gate_coefs != absent) {
                const double *const gate_dz = dz + network_.packed().layers()[l].gate;
                for (Index k = 0; k < blocks.n_inputs; ++k)
                    for (Index j = 0; j < width; ++j)
                        to[blocks.gate_coefs + k * width + j] =
                            inputs.data[i * inputs.stride + k] * gate_dz[j];
                if (blocks.gate_intercepts != absent)
                    std::copy_n(gate_dz, width, to + blocks.gate_intercepts);
            }
            if (blocks.scale != absent) {
                const NormalizationMemory<double> &memory = worker.pass.normalization(layer);
                const double *const x = memory.standardized.data() + i * memory.stride;
                const double *const dy =
                    worker.normalized[l].data() + i * row_stride<double>(width);
                for (Index j = 0; j < width; ++j)
                    to[blocks.scale + j] = dy[j] * x[j];
                std::copy_n(dy, width, to + blocks.shift);
            }
            if (blocks.slope != absent) {
                const Rows<const double> da = worker.pass.slope_gradients(layer, i + 1);
                std::copy_n(da.data + i * da.stride, width, to + blocks.slope);
            }
        }
    };
    by_rows(parameters, nullptr, X_, rows, n_threads,
            [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
                loss_gradients(worker, first);
                const auto keep_normalized = [&](Index layer, GradientStage stage) {
                    Buffer<double> &kept = worker.normalized[as_size(layer)];
                    const Rows<const double> dy = worker.pass.gradients(layer, n);
                    if (stage == GradientStage::normalized && !kept.empty())
                        std::copy_n(dy.data, n * dy.stride, kept.data());
                };
                worker.pass.backward(single_thread, worker.batch, worker.parameters,
                                     keep_normalized);
                for (Index i = 0; i < n; ++i)
                    write_row(worker, X, i, G + (first - rows.begin + i) * size);
            });
}

void Probe::loss_gradients(Worker &worker, Index first) const {
    TargetsView<double> y = from_row(y_, first);
    y.weights = nullptr;
    worker.pass.loss_and_output_gradients(single_thread, worker.batch, y);
}

void Probe::jacobian(const double *parameters, const Inputs<double> &X, double *J,
                     Index n_threads) const {
    const Kernels<double> &kernels = network_.kernels();
    const LayerBlocks &blocks = network_.layout().layers.front();
    const PackedLayer &packed = network_.packed().layers().front();
    const Index width = blocks.n_inputs; // of what layer 0 takes
    const Index n_inputs = network_.n_inputs(), n_outputs = network_.n_outputs();
    // W_0^T in panels, which a pass has no use for.
    Buffer<double> transposed(as_size(packed.width * packed.n_inputs));
    for (Index k = 0; k < width; ++k) {
        const Index panel = k / kernels.panel * kernels.panel;
        const Index columns = network_.packed().panel_width(panel, packed.n_inputs);
        for (Index j = 0; j < blocks.width; ++j)
            transposed[as_size(panel * packed.width + j * columns + (k - panel))] =
                parameters[blocks.coefs + k * blocks.width + j];
    }
    const Index stride = row_stride<double>(width);
    n_threads = std::min(n_threads, n_chunks(X.n_rows));
    // Of one output, for each thread: in the inputs of layer 0, and in X behind a front.
    std::vector<Buffer<double>> input_gradients, front_gradients;
    const Index most_rows = std::min(rows_at_once, X.n_rows);
    for (Index rank = 0; rank < n_threads; ++rank) {
        input_gradients.emplace_back(as_size(most_rows * stride));
        front_gradients.emplace_back(network_.has_front() ? as_size(most_rows * n_inputs) : 0);
    }
    by_rows(parameters, nullptr, X, {0, X.n_rows}, n_threads,
            [&](Worker &worker, const Inputs<double> &, Index first, Index n) {
                Buffer<double> &to = input_gradients[as_size(worker.rank)];
                const Rows<double> outputs = worker.pass.output_gradients(n);
                for (Index output = 0; output < n_outputs; ++output) {
                    for (Index i = 0; i < n; ++i) {
                        double *const row = outputs.data + i * outputs.stride;
                        std::fill_n(row, outputs.width, 0.0);
                        row[output] = 1.0;
                    }
                    worker.pass.backward(single_thread, worker.batch, worker.parameters);
                    const Rows<const double> dz = worker.pass.gradients(0, n);
                    kernels.products.dense[static_cast<int>(Epilogue::store)](
                        {.rows = n,
                         .columns = packed.n_inputs,
                         .depth = blocks.width,
                         .a = dz.data,
                         .a_stride = dz.stride,
                         .b = transposed.data(),
                         .b_rows = packed.width,
                         .c = to.data(),
                         .c_stride = stride});
                    Rows<const double> derivatives{n, n_inputs, to.data(), stride};
                    if (network_.has_front()) {
                        Buffer<double> &in_X = front_gradients[as_size(worker.rank)];
                        worker.pass.front().input_gradients(
                            worker.parameters, {n, width, to.data(), stride}, in_X.data());
                        derivatives = {n, n_inputs, in_X.data(), n_inputs};
                    }
                    for (Index i = 0; i < n; ++i)
                        std::copy_n(derivatives.data + i * derivatives.stride, n_inputs,
                                    J + ((first + i) * n_outputs + output) * n_inputs);
                }
            });
}

} // namespace deepgen
