// Where what an earlier layer gave is carried past a layer: residuals after it, DeepNorm before its
// normalization.

#pragma once

#include "cuda/batch.cuh"
#include "cuda/products.cuh"

namespace deepgen::cuda {

DEEPGEN_ANYWHERE inline bool skips_before_norm(const Layer &layer) {
    return layer.skip == DEEPGEN_DEEPNORM;
}

// Adds what is carried to the numbers at `place`.
__device__ inline void skip_forward(Crew &crew, const Batch &batch, const Layer &layer, Rows rows,
                                    int place) {
    const Layer &from = batch.layer(layer.skip_from);
    crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
        const int row = rows.begin + i;
        float &own = batch.at(place, layer.stride, row)[j];
        const Real carried(batch.at(from.output, from.stride, row)[j]);
        const Real part = skips_before_norm(layer) ? Real(layer.skip_alpha) * carried : carried;
        own = (Real(own) + part).v;
    });
    crew.meet();
}

// Adds the carried part of the layer's gradients to those of the layer where it comes from.
__device__ inline void skip_backward(Crew &crew, const Batch &batch, const Layer &layer,
                                     Rows rows) {
    const Layer &from = batch.layer(layer.skip_from);
    crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
        const int row = rows.begin + i;
        float &to = batch.at(from.gradients, from.stride, row)[j];
        const Real own(batch.at(layer.gradients, layer.stride, row)[j]);
        const Real part = skips_before_norm(layer) ? Real(layer.skip_alpha) * own : own;
        to = layer.carried_is_new ? part.v : (Real(to) + part).v;
    });
    crew.meet();
}

} // namespace deepgen::cuda
