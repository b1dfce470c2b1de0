// How rows move along directions of the parameters: their outputs, and their losses.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>

namespace deepgen {

void Probe::along(const Point &point, Vectors v, IndexRange rows, Index n_threads, bool with_loss,
                  Moved moved) const {
    const std::vector<PackedParameters<double>> directions =
        directions_of(v, PackedParameters<double>::Use::forward);
    const Index last = static_cast<Index>(network_.layers().size()) - 1;
    by_rows(point, true, X_, rows, nullptr, n_threads,
            [&](Worker &worker, const Inputs<double> &X, Index first, Index n) {
                if (with_loss)
                    loss_gradients(worker, first);
                for (Index j = 0; j < v.count; ++j) {
                    worker.tangent.forward(single_thread, worker.batch, X, worker.pass,
                                           worker.parameters, directions[as_size(j)]);
                    moved(worker, j, first, worker.tangent.outputs(last, n));
                }
            });
}

void Probe::directional(const Point &point, Vectors v, IndexRange rows, double *derivatives,
                        Index n_threads) const {
    const Index last = static_cast<Index>(network_.layers().size()) - 1;
    along(point, v, rows, n_threads, true,
          [&](Worker &worker, Index j, Index first, const Rows<const double> &moved) {
              const Rows<const double> dz = worker.pass.gradients(last, moved.rows);
              for (Index i = 0; i < moved.rows; ++i) {
                  double sum = 0.0;
                  for (Index o = 0; o < dz.width; ++o)
                      sum += dz.data[i * dz.stride + o] * moved.data[i * moved.stride + o];
                  derivatives[j * n_rows() + first + i] = sum;
              }
          });
}

void Probe::output_tangents(const Point &point, Vectors v, IndexRange rows, double *tangents,
                            Index n_threads) const {
    along(point, v, rows, n_threads, false,
          [&](Worker &, Index j, Index first, const Rows<const double> &moved) {
              for (Index i = 0; i < moved.rows; ++i)
                  std::copy_n(moved.data + i * moved.stride, moved.width,
                              tangents + (j * n_rows() + first + i) * moved.width);
          });
}

} // namespace deepgen
