// Rows back through the layers: the loss's gradient, slopes, the gradients of the layer below.

#pragma once

#include "cuda/forward.cuh"
#include "engine/losses/members.hpp"

namespace deepgen::cuda {

// Writes the gradients of the outputs, and the loss of each row block.
__device__ inline void loss_and_output_gradients(Crew &crew, const Batch &batch, Rows rows) {
    const Net &net = batch.net;
    const Layer &last = batch.layer(net.n_layers - 1);
    const double scale = 1.0 / batch.weight_sum;
    for (int row = rows.begin + crew.rank(); row < rows.end; row += crew.size()) {
        const std::int64_t sample = batch.sample(row);
        const Data &data = batch.data;
        const float weight = data.weights ? data.weights[sample] : 1.0F;
        const loss::Row<float> given{.outputs = batch.at(last.output, last.stride, row),
                                     .n_outputs = last.width,
                                     .values = data.values ? data.values + sample * net.n_targets
                                                           : nullptr,
                                     .own_class = data.classes ? data.classes[sample] : 0};
        loss::with_loss(
            net.loss, net.loss_constants, net.n_loss_constants, [&](const auto &formula) {
                batch.memory.losses[row] =
                    loss::weighted_loss_of_row(formula, given, static_cast<double>(weight), scale,
                                               batch.at(last.gradients, last.stride, row));
            });
    }
    crew.meet();
    for (int row = rows.begin + crew.rank() * row_block; row < rows.end;
         row += crew.size() * row_block) {
        double sum = 0.0;
        for (int i = row; i < min(row + row_block, rows.end); ++i)
            sum += batch.memory.losses[i];
        batch.memory.block_losses[row / row_block] = sum;
    }
    crew.meet();
}

// In order over the row blocks; every thread may ask.
__device__ inline double batch_loss(const Batch &batch) {
    double total = 0.0;
    DEEPGEN_UNROLL(16)
    for (int block = 0; block * row_block < batch.n_rows; ++block)
        total += batch.memory.block_losses[block];
    return total / batch.weight_sum;
}

// dL/da -> the gradient in the activation's input, where the product has not applied the mask.
__device__ inline void activation_backward(Crew &crew, const Batch &batch, int l, Rows rows) {
    const Layer &layer = batch.layer(l);
    if (layer.masked)
        return;
    if (!skips_before_norm(layer))
        drop(crew, batch, l, rows, layer.gradients);
    if (layer.identity)
        return;
    const int from = layer.keeps_value ? layer.value : layer.output;
    crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
        const int row = rows.begin + i;
        float *const gradient = batch.at(layer.gradients, layer.stride, row) + j;
        const Real x(batch.at(from, layer.stride, row)[j]), g(*gradient);
        with_activation(layer.activation, [&]<class Activation>(Member<Activation>) {
            if (!layer.has_slope) {
                *gradient = (g * Activation::slope(x)).v;
                return;
            }
            const Real value = Activation::value(x), a(batch.memory.weights[layer.slope + j]);
            const Real slope = Activation::slope(Activation::from_output ? value : x);
            batch.at(layer.lifted, layer.stride, row)[j] = (g * (value - x)).v;
            *gradient = (g * fmadd(a, slope - Real(1.0F), Real(1.0F))).v;
        });
    });
    crew.meet();
}

// Down to the statistics that batch norm wants, and from there to the gradient of the product.
__device__ inline void backward_to_norm(Crew &crew, const Batch &batch, int l, Rows rows) {
    const Layer &layer = batch.layer(l);
    if (layer.skip != DEEPGEN_NO_SKIP && !skips_before_norm(layer))
        skip_backward(crew, batch, layer, rows);
    activation_backward(crew, batch, l, rows);
    if (layer.normalization != DEEPGEN_NO_NORM)
        block_gradient_sums(crew, batch, layer, rows);
}

__device__ inline void backward_from_norm(Crew &crew, const Batch &batch, int l, Rows rows) {
    const Layer &layer = batch.layer(l);
    if (layer.normalization == DEEPGEN_LAYER_NORM)
        unstandardize_rows(crew, batch, layer, rows);
    else if (layer.normalization == DEEPGEN_BATCH_NORM)
        unstandardize_columns(crew, batch, layer, rows);
    if (skips_before_norm(layer)) {
        skip_backward(crew, batch, layer, rows);
        drop(crew, batch, l, rows, layer.gradients);
    }
}

// The gradient of some outputs of layer l - 1 from that of the product of layer l.
template <class Workers>
__device__ void backward_product(Workers &crew, const Batch &batch, int l, Rows rows,
                                 Range columns) {
    const Layer &layer = batch.layer(l), &below = batch.layer(l - 1);
    const float scale = batch.mask_scale(below);
    const Left a{batch.at(layer.gradients, layer.stride, rows.begin), layer.stride, 1};
    const auto column = [&](int in_range) {
        const int k = columns.begin + in_range;
        return layer.narrow
                   ? packed_column(batch.memory.weights + layer.coefs, layer.width,
                                   layer.padded_inputs, 0, k)
                   : packed_column(batch.memory.transposed + layer.transposed, layer.padded_width,
                                   layer.padded_inputs, transposed_gap, k);
    };
    const auto finish = [&](int i, int in_range, Real sum) {
        const int row = rows.begin + i, k = columns.begin + in_range;
        float *const gradient = batch.at(below.gradients, below.stride, row) + k;
        if (below.is_added)
            sum += Real(*gradient);
        if (below.masked) {
            const Real mask(batch.at(below.output, below.stride, row)[k]);
            sum = select(mask > Real(0.0F), sum * Real(scale), Real(0.0F));
        }
        *gradient = sum.v;
    };
    product(crew, rows.n(), columns.n(), layer.width, a, column, finish);
    crew.meet();
}

} // namespace deepgen::cuda
