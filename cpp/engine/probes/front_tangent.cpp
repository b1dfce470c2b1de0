// Feature by feature, in the columns that the pass's front has turned.

#include "engine/probes/front_tangent.hpp"

#include <algorithm>

namespace deepgen {

FrontTangent::FrontTangent(const Network<double> &network, Index max_rows, bool curvature)
    : network_(network), front_(network.layout().front), stride_(row_stride<double>(front_.width)),
      column_stride_(row_stride<double>(n_row_blocks(max_rows) * row_block)) {
    const std::size_t size = as_size(max_rows * stride_);
    const Index n_columns = front_.width - static_cast<Index>(front_.kept.size());
    unscaled_.resize(size);
    scaled_.resize(scales() ? size : 0);
    columns_.resize(as_size(n_columns * column_stride_));
    if (!curvature)
        return;
    gradients_.resize(size);
    below_.resize(scales() ? size : 0);
    column_gradients_.resize(columns_.size());
}

void FrontTangent::forward(const FrontMemory<double> &pass,
                           const PackedParameters<double> &parameters,
                           const PackedParameters<double> &direction, IndexRange rows) {
    for (std::size_t f = 0; f < front_.features.size(); ++f) {
        const FrontFeature &feature = front_.features[f];
        FeatureMap<double> map = pass.map(f, parameters, rows.end - rows.begin);
        map.x += rows.begin;
        double *const columns =
            columns_.data() +
            (feature.column - static_cast<Index>(front_.kept.size())) * column_stride_ + rows.begin;
        pass.member(f).tangent_forward(
            map, direction.weights.data() + network_.packed().feature_offset(f), columns);
        for (Index o = 0; o < feature.shape.n_outputs; ++o)
            for (Index i = rows.begin; i < rows.end; ++i)
                unscaled_[as_size(i * stride_ + feature.column + o)] =
                    columns[o * column_stride_ + (i - rows.begin)];
    }
    if (!scales())
        return;
    const Rows<const double> u = pass.unscaled(rows.end);
    const double *const s = scale(parameters), *const rs = scale(direction);
    for (Index i = rows.begin; i < rows.end; ++i)
        for (Index j = 0; j < front_.width; ++j)
            scaled_[as_size(i * stride_ + j)] =
                rs[j] * u.data[i * u.stride + j] + s[j] * unscaled_[as_size(i * stride_ + j)];
}

void FrontTangent::backward(const FrontMemory<double> &pass,
                            const PackedParameters<double> &parameters,
                            const PackedParameters<double> &direction, IndexRange rows) {
    const Rows<const double> da = pass.gradients(rows.end);
    const double *const s = scale(parameters), *const rs = scale(direction);
    for (Index i = rows.begin; scales() && i < rows.end; ++i)
        for (Index j = 0; j < front_.width; ++j)
            below_[as_size(i * stride_ + j)] =
                rs[j] * da.data[i * da.stride + j] + s[j] * gradients_[as_size(i * stride_ + j)];
    pass.turn((scales() ? below_ : gradients_).data(), rows, column_gradients_.data());
}

void FrontTangent::gradient(const GradientTask &task, const FrontMemory<double> &pass,
                            const PackedParameters<double> &parameters,
                            const PackedParameters<double> &direction, Index n_rows,
                            double *gradient) const {
    if (task.kind == GradientTask::Kind::input_scale) {
        const Rows<const double> u = pass.unscaled(n_rows), da = pass.gradients(n_rows);
        for (Index j = 0; j < padded<double>(front_.width); ++j) {
            double sum = 0.0;
            for (Index i = 0; i < n_rows; ++i)
                sum += gradients_[as_size(i * stride_ + j)] * u.data[i * u.stride + j] +
                       da.data[i * da.stride + j] * unscaled_[as_size(i * stride_ + j)];
            gradient[j] = sum;
        }
        return;
    }
    const auto first = as_size(task.row);
    for (std::size_t f = first; f < first + as_size(task.n_rows); ++f) {
        const FrontFeature &feature = front_.features[f];
        const Index offset = network_.packed().feature_offset(f);
        double *const to = gradient + offset - network_.packed().feature_offset(first);
        std::fill_n(to, padded<double>(feature.n_numbers), 0.0);
        pass.member(f).tangent_backward(
            pass.map(f, parameters, n_rows), direction.weights.data() + offset,
            pass.column_gradients(f),
            column_gradients_.data() +
                (feature.column - static_cast<Index>(front_.kept.size())) * column_stride_,
            to);
    }
}

} // namespace deepgen
