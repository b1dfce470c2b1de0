#include "engine/probes/deltas.hpp"

#include <algorithm>

namespace deepgen {
namespace {

bool reads(const Network<double> &network, std::size_t layer, GradientStage stage) {
    const LayerPlan<double> &plan = network.layers()[layer];
    switch (stage) {
    case GradientStage::output:
        return plan.skip && !plan.skips_before_normalization;
    case GradientStage::branch:
        return plan.parametric || (!plan.masked && !plan.identity);
    case GradientStage::normalized:
        return plan.normalization || plan.skips_before_normalization;
    case GradientStage::product:
        return layer > 0 || network.has_front(); // X does not move
    }
    return false;
}

} // namespace

Deltas::Deltas(const Network<double> &network, Index max_rows) : layers_(network.layers().size()) {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        for (const GradientStage stage : gradient_stages) {
            if (!reads(network, l, stage))
                continue;
            Matrix &to = layers_[l][static_cast<std::size_t>(stage)];
            const LayerPlan<double> &plan = network.layers()[l];
            to.width = stage == GradientStage::product && plan.gate >= 0
                           ? network.packed().layers()[l].width
                           : plan.width;
            to.stride = row_stride<double>(to.width);
            to.data.resize(as_size(max_rows * to.stride));
        }
}

std::size_t Deltas::bytes() const {
    std::size_t numbers = 0;
    for (const auto &layer : layers_)
        for (const Matrix &matrix : layer)
            numbers += matrix.data.size();
    return numbers * sizeof(double);
}

void Deltas::take(const Team &team, const Pass<double> &pass, Index n_rows, Index layer,
                  GradientStage stage) {
    Matrix &to = layers_[as_size(layer)][static_cast<std::size_t>(stage)];
    if (to.data.empty())
        return;
    const Rows<const double> from = stage == GradientStage::product
                                        ? pass.product_gradients(layer, n_rows)
                                        : pass.gradients(layer, n_rows);
    const IndexRange own = Pass<double>::row_range(team, n_rows);
    std::copy(from.data + own.begin * to.stride, from.data + own.end * to.stride,
              to.data.data() + own.begin * to.stride);
}

Rows<const double> Deltas::at(Index layer, GradientStage stage, Index n_rows) const {
    const Matrix &from = matrix(layer, stage);
    return {n_rows, from.width, from.data.data(), from.stride};
}

} // namespace deepgen
