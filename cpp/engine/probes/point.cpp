#include "engine/probes/point.hpp"

#include <atomic>

namespace deepgen {
namespace {

std::atomic<std::uint64_t> n_points{0};

} // namespace

Point::Point(const Network<double> &network, const double *parameters)
    : number_(++n_points), packed_(std::make_unique<PackedParameters<double>>(network)) {
    packed_->load(network, parameters);
    const LayerBlocks &blocks = network.layout().layers.front();
    const PackedLayer &packed = network.packed().layers().front();
    const Index panel_columns = network.kernels().panel;
    first_transposed_.resize(as_size(packed.width * packed.n_inputs));
    for (Index k = 0; k < blocks.n_inputs; ++k) {
        const Index panel = k / panel_columns * panel_columns;
        const Index columns = network.packed().panel_width(panel, packed.n_inputs);
        for (Index j = 0; j < blocks.width; ++j)
            first_transposed_[as_size(panel * packed.width + j * columns + (k - panel))] =
                parameters[blocks.coefs + k * blocks.width + j];
    }
}

} // namespace deepgen
