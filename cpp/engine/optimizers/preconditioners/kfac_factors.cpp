// K-FAC's factors: statistics of a batch, and what LAPACK makes of them.

#include "engine/optimizers/preconditioners/kfac.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {

template <class T>
void KFac<T>::update_factors(const Team &team, BatchGradient<T> &batch, Index number) {
    const double keep = std::min(1.0 - 1.0 / static_cast<double>(number), decay_);
    T *const tile = threads_[as_size(team.rank)].panel.data();
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const LayerStatistics<T> seen = batch.statistics(static_cast<Index>(l));
        const bool dense = seen.inputs.data != nullptr;
        write_rows(team, batch, static_cast<Index>(l));
        team.wait();
        tiles_[l].for_each(team, [&](const TileItem &item, Index) {
            if (dense || !item.of_inputs)
                update_tile(item, seen.gradients.rows, keep, tile);
        });
        if (!dense)
            update_sparse_factor(team, batch, seen.features, keep);
        team.wait();
    }
    sides_.for_each(team, [&](const SideItem &item, Index) {
        update_root(item, threads_[as_size(team.rank)].roots);
    });
    team.wait();
}

// Rows such that A and G are sums of their outer products. Sampled gradients already carry the root
// of their row's share; those at hand carry the share itself.
template <class T>
void KFac<T>::write_rows(const Team &team, BatchGradient<T> &batch, Index l) {
    const Layer &layer = layers_[as_size(l)];
    const LayerStatistics<T> seen = batch.statistics(l);
    const IndexRange own = team.share(seen.gradients.rows);
    const auto scaled_row = [](const Factor<T> &side, const T *from, Index n, double factor,
                               T *to) {
        const Blocks &blocks = side.blocks();
        for (Index block = 0; block < blocks.count(); ++block) {
            T *const at = to + side.place(block);
            const Index end = std::min(n, blocks.end(block));
            for (Index j = blocks.begin(block); j < end; ++j)
                at[j - blocks.begin(block)] = static_cast<T>(factor) * from[j];
            if (n < blocks.end(block)) // the bias
                at[n - blocks.begin(block)] = static_cast<T>(factor);
            std::fill(at + blocks.length(block), at + padded<T>(blocks.largest()), T(0));
        }
    };
    for (Index i = own.begin; i < own.end; ++i) {
        const double share = batch.row_share(i);
        const double root = std::sqrt(share);
        if (seen.inputs.data)
            scaled_row(layer.inputs, seen.inputs.data + i * seen.inputs.stride,
                       layer.matrix.n_inputs(), root, input_rows_.data() + i * rows_stride_);
        const double gradient_factor = !empirical_ ? 1.0 : share > 0.0 ? 1.0 / root : 0.0;
        scaled_row(layer.gradients, seen.gradients.data + i * seen.gradients.stride,
                   layer.matrix.n_outputs(), gradient_factor,
                   gradient_rows_.data() + i * row_stride<T>(widest_));
    }
}

// A tile on or below the diagonal, and its mirror image.
template <class T>
void KFac<T>::update_tile(const TileItem &item, Index n_rows, double keep, T *tile) {
    Layer &layer = layers_[as_size(item.layer)];
    Factor<T> &side = item.of_inputs ? layer.inputs : layer.gradients;
    const Index stride = item.of_inputs ? rows_stride_ : row_stride<T>(widest_);
    const T *const rows =
        (item.of_inputs ? input_rows_ : gradient_rows_).data() + side.place(item.block);
    kernels_.products.outer({.rows = item.n_rows,
                             .columns = item.width,
                             .depth = n_rows,
                             .a = rows + item.row,
                             .a_stride = stride,
                             .b = rows + item.column,
                             .b_stride = stride,
                             .out = tile});
    const Index n = side.blocks().length(item.block);
    T *const statistic = side.statistic(item.block);
    const T old = static_cast<T>(keep), fresh = static_cast<T>(1.0 - keep);
    for (Index i = 0; i < item.n_rows; ++i) {
        const Index row = item.row + i;
        for (Index column = item.column; column < std::min(item.column + item.width, row + 1);
             ++column) {
            const T value = old * statistic[row * n + column] +
                            fresh * tile[i * item.width + column - item.column];
            statistic[row * n + column] = value;
            statistic[column * n + row] = value;
        }
    }
}

// The first layer's A from sparse rows: each thread has rows of A to itself, and meets only pairs
// of features that a sample really has.
template <class T>
void KFac<T>::update_sparse_factor(const Team &team, const BatchGradient<T> &batch,
                                   const SparseBlock<T> &X, double keep) {
    Factor<T> &side = layers_.front().inputs;
    const Index bias = layers_.front().matrix.n_inputs(); // the last feature, which is always 1
    const IndexRange own = team.share(side.size());
    const auto entry_at = [&](Index sample, Index feature) {
        return std::lower_bound(X.indices + X.starts[sample], X.indices + X.ends[sample],
                                static_cast<std::int32_t>(feature)) -
               X.indices;
    };
    for (Index block = 0; block < side.blocks().count(); ++block) {
        const Index begin = side.blocks().begin(block), end = side.blocks().end(block);
        const Index n = end - begin;
        const IndexRange rows{std::max(own.begin, begin), std::min(own.end, end)};
        if (rows.begin >= rows.end)
            continue;
        T *const statistic = side.statistic(block);
        for (Index i = (rows.begin - begin) * n; i < (rows.end - begin) * n; ++i)
            statistic[i] *= static_cast<T>(keep);
        for (Index sample = 0; sample < X.rows; ++sample) {
            const T share = static_cast<T>((1.0 - keep) * batch.row_share(sample));
            const Index first = entry_at(sample, begin), last = entry_at(sample, end);
            const auto add_row = [&](Index feature, T value) {
                T *const row = statistic + (feature - begin) * n;
                for (Index q = first; q < last; ++q)
                    row[X.indices[q] - begin] += share * value * X.values[q];
                if (bias < end)
                    row[bias - begin] += share * value;
            };
            for (Index p = entry_at(sample, rows.begin); p < last && X.indices[p] < rows.end; ++p)
                add_row(X.indices[p], X.values[p]);
            if (bias >= rows.begin && bias < rows.end)
                add_row(bias, T(1));
        }
    }
}

template <class T>
void KFac<T>::update_root(const SideItem &item, Roots<T> &roots) {
    Layer &layer = layers_[as_size(item.layer)];
    Factor<T> &side = item.of_inputs ? layer.inputs : layer.gradients;
    const Index n = side.blocks().length(item.block);
    if (eigen_) {
        roots.eigenbasis(side.statistic(item.block), n, side.root(item.block),
                         side.values(item.block));
        return;
    }
    const double mean_inputs = layer.inputs.trace() / static_cast<double>(layer.inputs.size());
    const double mean_gradients =
        layer.gradients.trace() / static_cast<double>(layer.gradients.size());
    // A factor that is zero leaves the damping to both alike.
    const bool balanced = mean_inputs > 0.0 && mean_gradients > 0.0;
    const double pi = balanced ? std::sqrt(mean_inputs / mean_gradients) : 1.0;
    const double ridge = std::sqrt(damping_) * (item.of_inputs ? pi : 1.0 / pi);
    roots.inverse(side.statistic(item.block), n, ridge, side.root(item.block));
}

template <class T>
void KFac<T>::pack_roots(const Team &team) {
    sides_.for_each(team, [&](const SideItem &item, Index) {
        if (item.of_inputs)
            return;
        Layer &layer = layers_[as_size(item.layer)];
        const Blocks &blocks = layer.gradients.blocks();
        const T *const root = layer.gradients.root(item.block);
        const Index n = blocks.length(item.block);
        const Index at = blocks.largest() * layer.gradients.place(item.block);
        // Eigenvectors stand in rows: Q is the transpose.
        pack_panels(root, n, eigen_, kernels_.panel, layer.right.data() + at);
        if (eigen_)
            pack_panels(root, n, false, kernels_.panel, layer.right_back.data() + at);
    });
    team.wait();
}

template class KFac<float>;
template class KFac<double>;

} // namespace deepgen
