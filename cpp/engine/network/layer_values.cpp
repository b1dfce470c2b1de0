#include "engine/network/layer_values.hpp"

namespace deepgen {

template <class T>
LayerValues<T>::LayerValues(const Network<T> &network, std::size_t layer, Index max_rows,
                            Index team_size) {
    const LayerPlan<T> &plan = network.layers()[layer];
    const std::size_t size = as_size(max_rows * row_stride<T>(plan.width));
    output.resize(size);
    if (plan.keeps_value)
        value.resize(size);
    if (plan.gate >= 0) {
        branch.resize(size);
        product.resize(as_size(max_rows * row_stride<T>(network.packed().layers()[layer].width)));
    }
    if (plan.normalization)
        normalization = std::make_unique<NormalizationMemory<T>>(plan.width, max_rows, team_size);
}

template <class T>
std::size_t LayerValues<T>::bytes() const {
    std::size_t numbers = output.size() + value.size() + branch.size() + product.size();
    if (normalization)
        numbers += normalization->standardized.size() + normalization->inverse_std.size();
    return numbers * sizeof(T);
}

template struct LayerValues<float>;
template struct LayerValues<double>;

} // namespace deepgen
