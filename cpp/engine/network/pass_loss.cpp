// The end of a pass forward: targets gathered, the loss of each row block and the outputs'
// gradients.
//
// Under mixup a row's loss is share w l(z, y) + (1 - share) w' l(z, y'): the loss itself twice, so
// that every loss takes part. Partners are a permutation of the rows that weigh anything, so the
// weights' sum stays the batch's and the whole a weighted mean.

#include "engine/network/pass.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
void Pass<T>::loss_and_output_gradients(const Team &team, const Batch<T> &batch,
                                        const TargetsView<T> &y) {
    const IndexRange rows = row_range(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block) {
        const IndexRange block{row, std::min(row + row_block, rows.end)};
        gather_targets(batch, y, block, false);
        const LossRows<T> own = loss_rows(batch, y, row);
        double loss = network_.loss().value_and_gradient(own);
        if (batch.mixing.partners) {
            T *const gradients = threads_[as_size(team.rank)].partner_gradients.data();
            gather_targets(batch, y, block, true);
            LossRows<T> partners = loss_rows(batch, y, row);
            partners.gradient = gradients;
            loss += network_.loss().value_and_gradient(partners);
            network_.kernels().matrix.add({own.rows, own.n_outputs, gradients, own.gradient_stride},
                                          own.gradient, own.gradient_stride);
        }
        block_loss_[as_size(row / row_block)] = loss;
    }
}

template <class T>
void Pass<T>::loss_and_output_gradients(const Team &team, const Batch<T> &batch,
                                        Pretext<T> &pretext) {
    const Index n = batch.rows.size;
    pretext.evaluate(team,
                     {.samples = batch.rows,
                      .weight_sum = batch.weight_sum,
                      .inputs = inputs_.dense(n),
                      .outputs = result(static_cast<Index>(layers_.size()) - 1, Part::output, n),
                      .gradients = output_gradients(n),
                      .block_loss = block_loss_.data()},
                     row_range(team, n));
}

template <class T>
void Pass<T>::gather_targets(const Batch<T> &batch, const TargetsView<T> &y, IndexRange block,
                             bool of_partners) {
    const auto [partners, share] = batch.mixing;
    const double part = of_partners ? 1.0 - share : share;
    for (Index i = block.begin; i < block.end; ++i) {
        const Index sample = batch.rows[of_partners ? partners[i] : i];
        if (y.classes)
            classes_[as_size(i)] = y.classes[sample];
        else
            std::copy_n(y.values + sample * y.n_targets, y.n_targets,
                        targets_.data() + i * y.n_targets);
        const T weight = y.weights ? y.weights[sample] : T(1);
        weights_[as_size(i)] =
            partners ? static_cast<T>(part * static_cast<double>(weight)) : weight;
    }
}

template <class T>
LossRows<T> Pass<T>::loss_rows(const Batch<T> &batch, const TargetsView<T> &y, Index row) {
    LayerMemory &last = layers_.back();
    return {.rows = std::min(row_block, batch.rows.size - row),
            .n_outputs = network_.n_outputs(),
            .outputs = last.output.data() + row * last.stride,
            .outputs_stride = last.stride,
            .values = y.classes ? nullptr : targets_.data() + row * y.n_targets,
            .values_stride = y.n_targets,
            .classes = y.classes ? classes_.data() + row : nullptr,
            .weights = weights_.data() + row,
            .scale = 1.0 / batch.weight_sum,
            .gradient =
                last.gradients.empty() ? nullptr : last.gradients.data() + row * last.stride,
            .gradient_stride = last.stride};
}

template <class T>
double Pass<T>::row_weight(const Batch<T> &batch, const TargetsView<T> &y, Index row) {
    const auto weight = [&](Index i) {
        return y.weights ? static_cast<double>(y.weights[batch.rows[i]]) : 1.0;
    };
    const auto [partners, share] = batch.mixing;
    return partners ? share * weight(row) + (1.0 - share) * weight(partners[row]) : weight(row);
}

template <class T>
void Pass<T>::sampled_output_gradients(const Team &team, const Batch<T> &batch,
                                       const TargetsView<T> &y, std::uint64_t key) {
    const IndexRange rows = row_range(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block) {
        LossRows<T> block = loss_rows(batch, y, row);
        block.rows = std::min(row_block, rows.end - row);
        for (Index i = row; i < row + block.rows; ++i)
            weights_[as_size(i)] = static_cast<T>(row_weight(batch, y, i));
        network_.loss().sampled_gradient(block, key, row);
    }
}

template <class T>
double Pass<T>::batch_loss(Index n_rows) const {
    double total = 0.0;
    for (Index block = 0; block < n_row_blocks(n_rows); ++block)
        total += block_loss_[as_size(block)];
    return total;
}

template void Pass<float>::loss_and_output_gradients(const Team &, const Batch<float> &,
                                                     const TargetsView<float> &);
template void Pass<double>::loss_and_output_gradients(const Team &, const Batch<double> &,
                                                      const TargetsView<double> &);
template void Pass<float>::loss_and_output_gradients(const Team &, const Batch<float> &,
                                                     Pretext<float> &);
template void Pass<double>::loss_and_output_gradients(const Team &, const Batch<double> &,
                                                      Pretext<double> &);
template double Pass<float>::row_weight(const Batch<float> &, const TargetsView<float> &, Index);
template double Pass<double>::row_weight(const Batch<double> &, const TargetsView<double> &, Index);
template void Pass<float>::sampled_output_gradients(const Team &, const Batch<float> &,
                                                    const TargetsView<float> &, std::uint64_t);
template void Pass<double>::sampled_output_gradients(const Team &, const Batch<double> &,
                                                     const TargetsView<double> &, std::uint64_t);
template LossRows<float> Pass<float>::loss_rows(const Batch<float> &, const TargetsView<float> &,
                                                Index);
template LossRows<double> Pass<double>::loss_rows(const Batch<double> &,
                                                  const TargetsView<double> &, Index);
template double Pass<float>::batch_loss(Index) const;
template double Pass<double>::batch_loss(Index) const;

} // namespace deepgen
