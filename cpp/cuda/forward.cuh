// Rows forward through one layer: product, norm, activation, dropout, skip. Each entry as Pass
// computes it.

#pragma once

#include "cuda/batch.cuh"
#include "cuda/dropout.cuh"
#include "cuda/norms.cuh"
#include "cuda/skips.cuh"

namespace deepgen::cuda {

__device__ inline void gather(Crew &crew, const Batch &batch, Rows rows) {
    const int columns = batch.net.n_inputs;
    crew.share_entries(rows.n(), columns, [&](int i, int j) {
        const int row = rows.begin + i;
        batch.at(0, batch.net.input_stride, row)[j] = batch.data.X[batch.sample(row) * columns + j];
    });
    crew.meet();
}

// z of a layer, in some rows and columns: take(row, j, z) gets each entry. A narrow layer has all
// of its columns computed at once.
template <class Workers, class Take>
__device__ void layer_product(Workers &crew, const Batch &batch, int l, Rows rows, Range columns,
                              Take take) {
    const Layer &layer = batch.layer(l);
    const float *const weights = batch.memory.weights + layer.coefs;
    const float *const bias = batch.memory.weights + layer.intercepts;
    const Left a{batch.inputs(l, rows.begin), batch.input_stride(l), 1};
    const auto finish = [&](int i, int in_range, Real sum) {
        const int j = columns.begin + in_range;
        take(rows.begin + i, j, sum + Real(bias[j]));
    };
    if (layer.narrow)
        narrow_product(crew, rows.n(), layer.width, layer.n_inputs, a, weights, finish);
    else
        product(
            crew, rows.n(), columns.n(), layer.n_inputs, a,
            [&](int j) {
                return packed_column(weights, layer.padded_inputs, layer.padded_width, 0,
                                     columns.begin + j);
            },
            finish);
}

// The activation of z and what the way back needs of it.
__device__ inline void activate(const Batch &batch, const Layer &layer, int row, int j, Real z) {
    float *const output = batch.at(layer.output, layer.stride, row) + j;
    float *const value = batch.at(layer.value, layer.stride, row) + j;
    if (layer.has_slope) {
        const Real a(batch.memory.weights[layer.slope + j]);
        with_activation(layer.activation, [&]<class Activation>(Member<Activation>) {
            *output = fmadd(a, Activation::value(z) - z, z).v;
        });
        *value = z.v;
        return;
    }
    if (layer.identity) {
        *output = z.v;
        return;
    }
    with_activation(layer.activation, [&]<class Activation>(Member<Activation>) {
        *output = Activation::value(z).v;
    });
    if (layer.keeps_value)
        *value = layer.from_output ? *output : z.v;
}

// Where z stands if it is not activated at once.
__device__ inline int place_of_z(const Layer &layer) {
    return layer.normalization != DEEPGEN_NO_NORM ? layer.standardized : layer.value;
}

// z, and its activation where nothing stands in between.
template <class Workers>
__device__ void forward_product(Workers &crew, const Batch &batch, int l, Rows rows,
                                Range columns) {
    const Layer &layer = batch.layer(l);
    if (layer.normalization != DEEPGEN_NO_NORM || skips_before_norm(layer))
        layer_product(crew, batch, l, rows, columns, [&](int row, int j, Real z) {
            batch.at(place_of_z(layer), layer.stride, row)[j] = z.v;
        });
    else
        layer_product(crew, batch, l, rows, columns, [&](int row, int j, Real z) {
            if (layer.relu_in_product)
                z = max(Real(0.0F), z); // in this order NaN passes
            activate(batch, layer, row, j, z);
        });
    crew.meet();
}

// From z to what a norm takes statistics of, and those of the rows.
__device__ inline void forward_to_norm(Crew &crew, const Batch &batch, int l, Rows rows) {
    const Layer &layer = batch.layer(l);
    if (skips_before_norm(layer)) {
        drop(crew, batch, l, rows, place_of_z(layer));
        skip_forward(crew, batch, layer, rows, place_of_z(layer));
    }
    if (layer.normalization == DEEPGEN_BATCH_NORM && batch.training)
        block_moments(crew, batch, layer, rows);
}

__device__ inline void forward_from_norm(Crew &crew, const Batch &batch, int l, Rows rows) {
    const Layer &layer = batch.layer(l);
    const auto take = [&](int row, int j, Real y) { activate(batch, layer, row, j, y); };
    if (layer.normalization == DEEPGEN_LAYER_NORM)
        standardize_rows(crew, batch, layer, rows, take);
    else if (layer.normalization == DEEPGEN_BATCH_NORM)
        standardize_columns(crew, batch, layer, rows, take);
    else if (skips_before_norm(layer)) {
        crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
            const int row = rows.begin + i;
            take(row, j, Real(batch.at(layer.value, layer.stride, row)[j]));
        });
        crew.meet();
    }
    if (skips_before_norm(layer))
        return;
    drop(crew, batch, l, rows, layer.output);
    if (layer.skip != DEEPGEN_NO_SKIP)
        skip_forward(crew, batch, layer, rows, layer.output);
}

} // namespace deepgen::cuda
