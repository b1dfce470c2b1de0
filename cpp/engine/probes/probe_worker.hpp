// What one thread needs to take some rows of a probe forward and back alone.

#pragma once

#include "engine/probes/probe.hpp"

#include <algorithm>

namespace deepgen {

// Rows that a thread takes through the layers at once.
inline constexpr Index rows_at_once = 128;

[[nodiscard]] constexpr Index n_row_chunks(Index n_rows) {
    return (n_rows + rows_at_once - 1) / rows_at_once;
}

struct Probe::Worker {
    Worker(const Network<double> &network_, Index max_rows, bool dense_inputs, Index rank_,
           PackedParameters<double> &parameters_)
        : rank(rank_), pass(network_, max_rows, 1, dense_inputs, Pass<double>::Purpose::gradient),
          parameters(parameters_), network(network_),
          row(network_.has_front() ? as_size(network_.layout().n_trainable) : 0) {
        for (const LayerBlocks &blocks : network_.layout().layers)
            normalized.emplace_back(
                blocks.scale == absent ? 0 : as_size(max_rows * row_stride<double>(blocks.width)));
    }

    // The gradients of the outputs become those of one output.
    void of_output(Index output) {
        const Rows<double> gradients = pass.output_gradients(batch.rows.size);
        for (Index i = 0; i < gradients.rows; ++i) {
            double *const to = gradients.data + i * gradients.stride;
            std::fill_n(to, gradients.width, 0.0);
            to[output] = 1.0;
        }
    }
    // The way back, keeping the gradients in what norms give.
    void backward();
    // Of row i after that: its gradient (P,).
    void write_row(const Inputs<double> &X, Index i, double *to);

    Index rank;
    Pass<double> pass;
    PackedParameters<double> &parameters;
    const Network<double> &network;
    Buffer<double> row;                     // a gradient, where there is a front
    std::vector<Buffer<double>> normalized; // of the layers that have a norm: gradients in y
    Batch<double> batch{.rows = {0}, .weight_sum = 1.0, .training = false};
};

} // namespace deepgen
