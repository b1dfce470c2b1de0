// Tiles of rows through the maps of all features.

#include "engine/network/front_memory.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

// Rows that go through all maps before the next: whole row blocks whose inputs and outputs stay in
// the nearest caches.
constexpr Index tile_rows = 4 * row_block;

constexpr Index whole_blocks(Index n_rows) {
    return n_row_blocks(n_rows) * row_block;
}

} // namespace

template <class T>
FrontMemory<T>::FrontMemory(const Network<T> &network, Index max_rows, Index team_size,
                            bool gradient)
    : network_(network), front_(network.layout().front), stride_(row_stride<T>(front_.width)),
      column_stride_(row_stride<T>(whole_blocks(max_rows))),
      first_column_(scales() ? 0
                             : static_cast<Index>(front_.kept.size()) / network.kernels().panel *
                                   network.kernels().panel) {
    const std::size_t size = as_size(max_rows * stride_);
    unscaled_.resize(size);
    if (scales())
        scaled_.resize(size);
    const auto n_features = static_cast<Index>(front_.features.size());
    columns_.resize(as_size(n_features * column_stride_));
    Index most_outputs = 0, most_numbers = 0;
    for (const FrontFeature &feature : front_.features) {
        most_outputs = std::max(most_outputs, feature.shape.n_outputs);
        most_numbers = std::max(most_numbers, feature.n_numbers);
    }
    threads_.resize(as_size(team_size));
    for (Buffer<T> &tile : threads_)
        tile.resize(as_size(most_outputs * tile_rows));
    if (!gradient)
        return;
    gradients_.resize(size);
    const Index n_columns = front_.width - static_cast<Index>(front_.kept.size());
    column_gradients_.resize(as_size(n_columns * column_stride_));
    scratch_.resize(as_size((most_outputs + 1) * column_stride_));
    sums_.resize(as_size(most_numbers));
}

template <class T>
FeatureMap<T> FrontMemory<T>::map(std::size_t feature, const PackedParameters<T> &parameters,
                                  Index n_rows) const {
    return {.shape = front_.features[feature].shape,
            .n_rows = whole_blocks(n_rows),
            .x = columns_.data() + static_cast<Index>(feature) * column_stride_,
            .numbers = parameters.weights.data() + network_.packed().feature_offset(feature),
            .constants = network_.front_constants()[feature].data(),
            .stride = column_stride_};
}

template <class T>
void FrontMemory<T>::forward(const Team &team, const PackedParameters<T> &parameters,
                             const Rows<const T> &X, IndexRange rows) {
    T *const tile = threads_[as_size(team.rank)].data();
    for (Index first = rows.begin; first < rows.end; first += tile_rows) {
        const Index n = std::min(tile_rows, rows.end - first);
        for (Index i = first; i < first + n; ++i) {
            const T *const x = X.data + i * X.stride;
            T *const u = unscaled_.data() + i * stride_;
            if (keeps_all())
                std::copy_n(x, front_.kept.size(), u);
            else
                for (std::size_t j = 0; j < front_.kept.size(); ++j)
                    u[j] = x[front_.kept[j]];
        }
        for (std::size_t f = 0; f < front_.features.size(); ++f) {
            const FrontFeature &feature = front_.features[f];
            FeatureMap<T> own = map(f, parameters, n);
            T *const column = columns_.data() + static_cast<Index>(f) * column_stride_ + first;
            for (Index i = 0; i < n; ++i)
                column[i] = X.data[(first + i) * X.stride + feature.feature];
            std::fill(column + n, column + own.n_rows, T(0));
            own.x = column;
            own.stride = tile_rows;
            member(f).forward(own, tile);
            T *const to = unscaled_.data() + first * stride_ + feature.column;
            for (Index i = 0; i < n; ++i)
                for (Index o = 0; o < feature.shape.n_outputs; ++o)
                    to[i * stride_ + o] = tile[o * tile_rows + i];
        }
    }
    if (scales())
        network_.kernels().matrix.multiply_into(
            {rows.end - rows.begin, front_.width, unscaled_.data() + rows.begin * stride_, stride_},
            scale(parameters), scaled_.data() + rows.begin * stride_, stride_);
}

template <class T>
void FrontMemory<T>::turn(const T *from, IndexRange rows, T *columns) const {
    const auto n_kept = static_cast<Index>(front_.kept.size());
    const Index n_columns = front_.width - n_kept;
    for (Index first = rows.begin; first < rows.end; first += row_block) {
        const Index end = std::min(first + row_block, rows.end);
        for (Index j = 0; j < n_columns; ++j) {
            T *const to = columns + j * column_stride_;
            for (Index i = first; i < end; ++i)
                to[i] = from[i * stride_ + n_kept + j];
        }
    }
    for (Index j = 0; j < n_columns; ++j)
        std::fill(columns + j * column_stride_ + rows.end,
                  columns + j * column_stride_ + std::max(rows.end, whole_blocks(rows.end)), T(0));
}

template <class T>
void FrontMemory<T>::backward(const PackedParameters<T> &parameters, IndexRange rows) {
    turn(gradients_.data(), rows, column_gradients_.data());
    if (!scales())
        return;
    const auto n_kept = static_cast<Index>(front_.kept.size());
    for (Index j = n_kept; j < front_.width; ++j) {
        T *const column = column_gradients_.data() + (j - n_kept) * column_stride_;
        const T factor = scale(parameters)[j];
        for (Index i = rows.begin; i < rows.end; ++i)
            column[i] *= factor;
    }
}

template <class T>
void FrontMemory<T>::gradient(const GradientTask &task, const PackedParameters<T> &parameters,
                              Index n_rows, T *gradient) const {
    if (task.kind == GradientTask::Kind::input_scale) {
        network_.kernels().matrix.product_sums(gradients(n_rows), unscaled_.data(), stride_,
                                               gradient);
        return;
    }
    const auto first = as_size(task.row);
    for (std::size_t f = first; f < first + as_size(task.n_rows); ++f) {
        T *const to = gradient + network_.packed().feature_offset(f) -
                      network_.packed().feature_offset(first);
        std::fill_n(to, padded<T>(front_.features[f].n_numbers), T(0));
        member(f).backward(map(f, parameters, n_rows), column_gradients(f), to);
    }
}

// As a batch of this row alone.
template <class T>
void FrontMemory<T>::gradient_of_row(const PackedParameters<T> &parameters, Index row, T *flat) {
    std::array<T, as_size(row_block)> x{};
    for (std::size_t f = 0; f < front_.features.size(); ++f) {
        const FrontFeature &feature = front_.features[f];
        FeatureMap<T> own = map(f, parameters, 1);
        x[0] = own.x[row];
        own.x = x.data();
        own.stride = row_block;
        for (Index o = 0; o < feature.shape.n_outputs; ++o) {
            std::fill_n(scratch_.data() + o * row_block, row_block, T(0));
            scratch_[as_size(o * row_block)] = column_gradients(f)[o * column_stride_ + row];
        }
        std::fill_n(sums_.data(), feature.n_numbers, T(0));
        member(f).backward(own, scratch_.data(), sums_.data());
        for (const FrontFeature::Run &run : feature.runs)
            std::copy_n(sums_.data() + run.place, run.n, flat + run.flat);
    }
    for (Index j = 0; scales() && j < front_.width; ++j)
        flat[front_.input_scale + j] =
            gradients_[as_size(row * stride_ + j)] * unscaled_[as_size(row * stride_ + j)];
}

template <class T>
void FrontMemory<T>::input_gradients(const PackedParameters<T> &parameters,
                                     const Rows<const T> &gradients, T *to) {
    const Index n_rows = gradients.rows, n_inputs = network_.n_inputs();
    const auto gradient_of = [&](Index i, Index column) {
        const T factor = scales() ? scale(parameters)[column] : T(1);
        return factor * gradients.data[i * gradients.stride + column];
    };
    std::fill_n(to, n_rows * n_inputs, T(0));
    for (Index i = 0; i < n_rows; ++i)
        for (std::size_t j = 0; j < front_.kept.size(); ++j)
            to[i * n_inputs + front_.kept[j]] = gradient_of(i, static_cast<Index>(j));
    T *const own = scratch_.data() + (scratch_.size() - as_size(column_stride_));
    for (std::size_t f = 0; f < front_.features.size(); ++f) {
        const FrontFeature &feature = front_.features[f];
        for (Index o = 0; o < feature.shape.n_outputs; ++o) {
            T *const column = scratch_.data() + o * column_stride_;
            std::fill_n(column, column_stride_, T(0));
            for (Index i = 0; i < n_rows; ++i)
                column[i] = gradient_of(i, feature.column + o);
        }
        member(f).input_gradient(map(f, parameters, n_rows), scratch_.data(), own);
        for (Index i = 0; i < n_rows; ++i)
            to[i * n_inputs + feature.feature] += own[i];
    }
}

template class FrontMemory<float>;
template class FrontMemory<double>;

} // namespace deepgen
