// Rows taken through the network by threads alone, and the norms of their gradients.
//
//   |dl_i/dW|^2 = |a_i|^2 |dl_i/dz_i|^2,   since dl_i/dW = a_i (dl_i/dz_i)^T
//
// Goodfellow (2015), Efficient per-example gradient computations.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {
namespace {

double square_of(const double *x, Index n) {
    double sum = 0.0;
    for (Index j = 0; j < n; ++j)
        sum += x[j] * x[j];
    return sum;
}

} // namespace

void Probe::by_rows(const Point &point, const Inputs<double> &X, IndexRange rows,
                    const std::int64_t *chosen, Index n_threads, Rowwise work) const {
    const Index most = std::min(rows_at_once, rows.end - rows.begin);
    if (most <= 0)
        return;
    const Index n_own = n_row_chunks(rows.end - rows.begin);
    n_threads = std::min(n_threads, n_own);
    // Memory for every thread is made here: nothing may throw among the team.
    std::vector<std::unique_ptr<Worker>> workers;
    for (Index rank = 0; rank < n_threads; ++rank)
        workers.push_back(
            std::make_unique<Worker>(network_, most, !X.sparse(), rank, point.packed()));
    parallel(n_threads, [&](const Team &team) {
        Worker &worker = *workers[as_size(team.rank)];
        const IndexRange chunks = team.share(n_own);
        for (Index chunk = chunks.begin; chunk < chunks.end; ++chunk) {
            const Index first = rows.begin + chunk * most;
            worker.batch.rows = {.size = std::min(most, rows.end - first),
                                 .samples = chosen ? chosen + first : nullptr};
            const Inputs<double> own = chosen ? X : from_row(X, first);
            worker.pass.forward(single_thread, worker.batch, own, worker.parameters,
                                static_cast<Index>(network_.layers().size()) - 1, Part::output);
            work(worker, own, first, worker.batch.rows.size);
        }
    });
}

void Probe::loss_gradients(Worker &worker, Index first) const {
    TargetsView<double> y = from_row(y_, first);
    y.weights = nullptr;
    worker.pass.loss_and_output_gradients(single_thread, worker.batch, y);
}

void Probe::norms(const Point &point, IndexRange rows, double *norms, Index n_threads) const {
    by_rows(
        point, X_, rows, nullptr, n_threads,
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

} // namespace deepgen
