// How rows move along directions of the parameters: their outputs, and their losses.

#include "engine/probes/probe_chunk.hpp"

#include <algorithm>

namespace deepgen {

void Probe::along(const Point &point, Vectors v, IndexRange rows, Index n_threads, bool with_loss,
                  Moved moved) const {
    const std::vector<PackedParameters<double>> directions =
        directions_of(v, PackedParameters<double>::Use::forward);
    const Index last = static_cast<Index>(network_.layers().size()) - 1;
    Tangent tangent(network_, chunk_rows(rows), team_size(rows, n_threads),
                    Tangent::Purpose::forward);
    over_chunks(point, rows, KeptValues::Wish::values, n_threads,
                [&](const Team &team, const Chunk &chunk) {
                    if (with_loss) {
                        Batch<double> batch = chunk.batch;
                        batch.weight_sum = 1.0;
                        TargetsView<double> y = chunk.y;
                        y.weights = nullptr;
                        chunk.pass.loss_and_output_gradients(team, batch, y);
                    }
                    for (Index j = 0; j < v.count; ++j) {
                        tangent.forward(team, chunk.batch, chunk.X, chunk.pass, chunk.parameters,
                                        directions[as_size(j)]);
                        moved(chunk, j, chunk.own_rows(team),
                              tangent.outputs(last, chunk.batch.rows.size));
                    }
                });
}

void Probe::directional(const Point &point, Vectors v, IndexRange rows, double *derivatives,
                        Index n_threads) const {
    const Index last = static_cast<Index>(network_.layers().size()) - 1;
    along(point, v, rows, n_threads, true,
          [&](const Chunk &chunk, Index j, IndexRange own, const Rows<const double> &moved) {
              const Rows<const double> dz = chunk.pass.gradients(last, moved.rows);
              for (Index i = own.begin; i < own.end; ++i) {
                  double sum = 0.0;
                  for (Index o = 0; o < dz.width; ++o)
                      sum += dz.data[i * dz.stride + o] * moved.data[i * moved.stride + o];
                  derivatives[j * n_rows() + chunk.first + i] = sum;
              }
          });
}

void Probe::output_tangents(const Point &point, Vectors v, IndexRange rows, double *tangents,
                            Index n_threads) const {
    along(point, v, rows, n_threads, false,
          [&](const Chunk &chunk, Index j, IndexRange own, const Rows<const double> &moved) {
              for (Index i = own.begin; i < own.end; ++i)
                  std::copy_n(moved.data + i * moved.stride, moved.width,
                              tangents + (j * n_rows() + chunk.first + i) * moved.width);
          });
}

} // namespace deepgen
