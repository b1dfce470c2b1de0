// The derivatives of the outputs in the inputs, one way back for each output.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>

namespace deepgen {

void Probe::jacobian(const Point &point, const Inputs<double> &X, double *J,
                     Index n_threads) const {
    const Kernels<double> &kernels = network_.kernels();
    const LayerBlocks &blocks = network_.layout().layers.front();
    const PackedLayer &packed = network_.packed().layers().front();
    const Index width = blocks.n_inputs; // of what layer 0 takes
    const Index n_inputs = network_.n_inputs(), n_outputs = network_.n_outputs();
    const Index stride = row_stride<double>(width);
    n_threads = std::min(n_threads, n_row_chunks(X.n_rows));
    // Of one output, for each thread: in the inputs of layer 0, and in X behind a front.
    std::vector<Buffer<double>> input_gradients, front_gradients;
    const Index most_rows = std::min(rows_at_once, X.n_rows);
    for (Index rank = 0; rank < n_threads; ++rank) {
        input_gradients.emplace_back(as_size(most_rows * stride));
        front_gradients.emplace_back(network_.has_front() ? as_size(most_rows * n_inputs) : 0);
    }
    by_rows(point, X, {0, X.n_rows}, nullptr, n_threads,
            [&](Worker &worker, const Inputs<double> &, Index first, Index n) {
                Buffer<double> &to = input_gradients[as_size(worker.rank)];
                for (Index output = 0; output < n_outputs; ++output) {
                    worker.of_output(output);
                    worker.pass.backward(single_thread, worker.batch, worker.parameters);
                    const Rows<const double> dz = worker.pass.gradients(0, n);
                    kernels.products.dense[static_cast<int>(Epilogue::store)](
                        {.rows = n,
                         .columns = packed.n_inputs,
                         .depth = blocks.width,
                         .a = dz.data,
                         .a_stride = dz.stride,
                         .b = point.first_transposed(),
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
