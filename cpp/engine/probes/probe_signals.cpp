// The signal that comes back to each layer: of each row the norm of dl/dz, where z = a W + b, and
// the units whose activation has a slope.

#include "engine/probes/probe_worker.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {

void Probe::signals(const Point &point, IndexRange rows, double *norms, bool *alive,
                    Index n_threads) const {
    const Index n_layers = static_cast<Index>(network_.layers().size());
    Index n_units = 0, widest = 0;
    std::vector<Index> first_unit;
    for (const LayerPlan<double> &plan : network_.layers()) {
        first_unit.push_back(n_units);
        n_units += plan.width;
        widest = std::max(widest, row_stride<double>(plan.width));
    }
    struct Own {
        Buffer<double> slopes, products;
        std::vector<char> alive;
    };
    std::vector<Own> own;
    for (Index rank = 0; rank < n_threads; ++rank)
        own.push_back({Buffer<double>(as_size(rows_at_once * widest)),
                       Buffer<double>(as_size(rows_at_once * widest)),
                       std::vector<char>(as_size(n_units))});

    // The slopes of a layer's activation: what it makes of a gradient of ones.
    const auto find_slopes = [&](Worker &worker, Index layer, Index n) -> Rows<const double> {
        const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
        Own &mine = own[as_size(worker.rank)];
        const Rows<const double> x = worker.pass.slope_inputs(layer, n);
        const Rows<double> slopes{n, plan.width, mine.slopes.data(), x.stride};
        for (Index i = 0; i < n; ++i)
            std::fill_n(slopes.data + i * slopes.stride, plan.width, 1.0);
        const ActivationKernels<double> &activation =
            network_.kernels().activations[as_size(plan.activation)];
        if (plan.parametric)
            activation.parametric_backward(slopes, x.data, x.stride,
                                           worker.parameters.weights.data() +
                                               network_.packed().layers()[as_size(layer)].slope,
                                           mine.products.data());
        else if (!plan.identity)
            activation.backward(slopes, x.data, x.stride);
        return {n, plan.width, slopes.data, slopes.stride};
    };
    by_rows(point, X_, rows, nullptr, n_threads,
            [&](Worker &worker, const Inputs<double> &, Index first, Index n) {
                loss_gradients(worker, first);
                for (Index layer = 0; layer < n_layers; ++layer) {
                    const Rows<const double> slopes = find_slopes(worker, layer, n);
                    char *const lives =
                        own[as_size(worker.rank)].alive.data() + first_unit[as_size(layer)];
                    for (Index i = 0; i < n; ++i)
                        for (Index j = 0; j < slopes.width; ++j)
                            lives[j] |= slopes.data[i * slopes.stride + j] != 0.0;
                }
                worker.pass.backward(single_thread, worker.batch, worker.parameters,
                                     [&](Index layer, GradientStage stage) {
                                         if (stage != GradientStage::product)
                                             return;
                                         const Index width =
                                             network_.layers()[as_size(layer)].width;
                                         const Rows<const double> dz =
                                             worker.pass.product_gradients(layer, n);
                                         for (Index i = 0; i < n; ++i) {
                                             const double *const row = dz.data + i * dz.stride;
                                             double sum = 0.0;
                                             for (Index j = 0; j < width; ++j)
                                                 sum += row[j] * row[j];
                                             norms[(first + i) * n_layers + layer] = std::sqrt(sum);
                                         }
                                     });
            });
    for (const Own &mine : own)
        for (Index unit = 0; unit < n_units; ++unit)
            alive[unit] = alive[unit] || mine.alive[as_size(unit)];
}

} // namespace deepgen
