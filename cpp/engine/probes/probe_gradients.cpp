// Gradients of single rows, of the loss and of the outputs, written out.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>

namespace deepgen {

void Probe::Worker::backward() {
    const Index n = batch.rows.size;
    const auto keep_normalized = [&](Index layer, GradientStage stage) {
        Buffer<double> &kept = normalized[as_size(layer)];
        const Rows<const double> dy = pass.gradients(layer, n);
        if (stage == GradientStage::normalized && !kept.empty())
            std::copy_n(dy.data, n * dy.stride, kept.data());
    };
    pass.backward(single_thread, batch, parameters, keep_normalized);
}

void Probe::Worker::write_row(const Inputs<double> &X, Index i, double *to) {
    if (network.has_front())
        pass.front().gradient_of_row(parameters, i, to);
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const LayerBlocks &blocks = network.layout().layers[l];
        const Index layer = static_cast<Index>(l), width = blocks.width;
        const Rows<const double> gradients = pass.product_gradients(layer, i + 1);
        const double *const dz = gradients.data + i * gradients.stride;
        double *const coefs = to + blocks.coefs;
        const auto write = [&](Index k, double a) {
            for (Index j = 0; j < width; ++j)
                coefs[k * width + j] = a * dz[j];
        };
        const Rows<const double> inputs = pass.inputs(layer, i + 1);
        if (layer == 0 && X.sparse()) {
            const SparseBlock<double> features = pass.features(X, batch.rows.size);
            std::fill_n(coefs, blocks.n_inputs * width, 0.0);
            for (std::int64_t entry = features.starts[i]; entry < features.ends[i]; ++entry)
                write(features.indices[entry], features.values[entry]);
        } else {
            for (Index k = 0; k < blocks.n_inputs; ++k)
                write(k, inputs.data[i * inputs.stride + k]);
        }
        if (blocks.intercepts != absent)
            std::copy_n(dz, width, to + blocks.intercepts);
        if (blocks.gate_coefs != absent) {
            const double *const gate_dz = dz + network.packed().layers()[l].gate;
            for (Index k = 0; k < blocks.n_inputs; ++k)
                for (Index j = 0; j < width; ++j)
                    to[blocks.gate_coefs + k * width + j] =
                        inputs.data[i * inputs.stride + k] * gate_dz[j];
            if (blocks.gate_intercepts != absent)
                std::copy_n(gate_dz, width, to + blocks.gate_intercepts);
        }
        if (blocks.scale != absent) {
            const NormalizationMemory<double> &memory = pass.normalization(layer);
            const double *const x = memory.standardized.data() + i * memory.stride;
            const double *const dy = normalized[l].data() + i * row_stride<double>(width);
            for (Index j = 0; j < width; ++j)
                to[blocks.scale + j] = dy[j] * x[j];
            std::copy_n(dy, width, to + blocks.shift);
        }
        if (blocks.slope != absent) {
            const Rows<const double> da = pass.slope_gradients(layer, i + 1);
            std::copy_n(da.data + i * da.stride, width, to + blocks.slope);
        }
    }
}

void Probe::gradients(const Point &point, IndexRange rows, double *G, Index n_threads) const {
    // One row whole before the next: pages that are new are met once, and in order.
    by_rows(point, X_, rows, nullptr, n_threads,
            [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
                loss_gradients(worker, first);
                worker.backward();
                for (Index i = 0; i < n; ++i)
                    worker.write_row(X, i, G + (first - rows.begin + i) * n_parameters());
            });
}

void Probe::output_curvature(const Point &point, IndexRange rows, double *curvature,
                             Index n_threads) const {
    const Index n_outputs = network_.n_outputs(), stride = row_stride<double>(n_outputs);
    // Unit vectors of one output, which all threads read.
    std::vector<Buffer<double>> units;
    for (Index output = 0; output < n_outputs; ++output) {
        Buffer<double> &unit = units.emplace_back(as_size(row_block * stride));
        for (Index i = 0; i < row_block; ++i)
            unit[as_size(i * stride + output)] = 1.0;
    }
    by_rows(point, X_, rows, nullptr, n_threads,
            [&](Worker &worker, const Inputs<double> &, Index first, Index n) {
                loss_gradients(worker, first);
                TargetsView<double> y = from_row(y_, first);
                y.weights = nullptr;
                const Rows<double> gradients = worker.pass.output_gradients(n);
                for (Index output = 0; output < n_outputs; ++output) {
                    for (Index row = 0; row < n; row += row_block)
                        network_.loss().curvature(worker.pass.loss_rows(worker.batch, y, row),
                                                  units[as_size(output)].data(), stride);
                    for (Index i = 0; i < n; ++i)
                        for (Index other = 0; other < n_outputs; ++other)
                            curvature[((first - rows.begin + i) * n_outputs + other) * n_outputs +
                                      output] = gradients.data[i * gradients.stride + other];
                }
            });
}

void Probe::output_gradients(const Point &point, const Selection &rows, double *J,
                             Index n_threads) const {
    by_rows(point, X_, {0, rows.size}, rows.samples, n_threads,
            [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
                for (Index output = 0; output < network_.n_outputs(); ++output) {
                    worker.of_output(output);
                    worker.backward();
                    for (Index i = 0; i < n; ++i)
                        worker.write_row(X, i,
                                         J + ((first + i) * network_.n_outputs() + output) *
                                                 n_parameters());
                }
            });
}

} // namespace deepgen
