// Dropout of units and of whole branches: the hashes of the CPU's, so the same units.

#pragma once

#include "cuda/batch.cuh"
#include "engine/core/random.hpp"

namespace deepgen::cuda {

__device__ inline bool keeps_unit(std::uint64_t key, int unit, std::uint32_t threshold) {
    std::uint32_t hash =
        static_cast<std::uint32_t>(key) + static_cast<std::uint32_t>(unit) * 0x9e3779b9U;
    hash ^= hash >> 16;
    hash *= 0x7feb352dU;
    hash ^= static_cast<std::uint32_t>(key >> 32);
    hash ^= hash >> 15;
    hash *= 0x846ca68bU;
    hash ^= hash >> 16;
    return hash >= threshold;
}

// Stochastic depth, row by row; the survivors are magnified.
__device__ inline void drop_branches(Crew &crew, const Batch &batch, int l, Rows rows, int place) {
    const Layer &layer = batch.layer(l);
    const std::uint64_t layer_key = random::child(batch.branch_key, static_cast<std::uint64_t>(l));
    const auto threshold = static_cast<std::uint64_t>(layer.branch_drop * 0x1p53);
    const auto scale = static_cast<float>(1.0 / (1.0 - layer.branch_drop));
    crew.share(rows.n(), [&](int i) {
        const int row = rows.begin + i;
        const auto position = static_cast<std::uint64_t>(batch.first + row);
        const bool kept = random::value(layer_key, position) >> 11 >= threshold;
        float *const units = batch.at(place, layer.stride, row);
        for (int j = crew.lane(); j < layer.width; j += warp_size)
            units[j] = kept ? units[j] * scale : 0.0F;
    });
    crew.meet();
}

__device__ inline void drop_units(Crew &crew, const Batch &batch, int l, Rows rows, int place) {
    const Layer &layer = batch.layer(l);
    const double probability = batch.dropout_of(layer);
    const std::uint64_t layer_key = random::child(batch.dropout_key, static_cast<std::uint64_t>(l));
    const auto threshold = static_cast<std::uint32_t>(probability * 0x1p32);
    const auto scale = static_cast<float>(1.0 / (1.0 - probability));
    crew.share(rows.n(), [&](int i) {
        const int row = rows.begin + i;
        const std::uint64_t key =
            random::child(layer_key, static_cast<std::uint64_t>(batch.first + row));
        float *const units = batch.at(place, layer.stride, row);
        for (int j = crew.lane(); j < layer.width; j += warp_size)
            units[j] = keeps_unit(key, j, threshold) ? units[j] * scale : 0.0F;
    });
    crew.meet();
}

// On outputs on the way forward, on gradients on the way back. The crew has met before and after.
__device__ inline void drop(Crew &crew, const Batch &batch, int l, Rows rows, int place) {
    if (!batch.training)
        return;
    if (batch.layer(l).branch_drop > 0.0)
        drop_branches(crew, batch, l, rows, place);
    if (batch.dropout_of(batch.layer(l)) > 0.0)
        drop_units(crew, batch, l, rows, place);
}

} // namespace deepgen::cuda
