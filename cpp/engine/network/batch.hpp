// The rows of a batch and how they are to be treated.

#pragma once

#include "engine/augmentations/augmentation.hpp"
#include "engine/network/network.hpp"

#include <optional>

namespace deepgen {

// Mixup: each row is share x + (1 - share) x', and counts with both targets in these parts.
struct Mixing {
    const Index *partners = nullptr; // of each row, in the batch; null: no row is mixed
    double share = 1.0;
};

template <class T>
struct Batch {
    Selection rows;
    double weight_sum;         // of the rows' sample weights
    bool training;             // batch statistics; else frozen
    bool moves_running = true; // training moves the running statistics
    std::optional<std::uint64_t> dropout_key = std::nullopt; // of the epoch; none: no dropout
    std::optional<std::uint64_t> branch_key = std::nullopt;  // of the epoch; none: all branches
    std::optional<double> dropout = std::nullopt; // where given, of layers that drop units
    Index first_position = 0;                     // of the first row in the epoch
    // Changes rows before they are mixed; null: rows are neither changed nor mixed.
    const Augmentation<T> *augmentation = nullptr;
    Index n_unchanged = 0; // so many rows at the start are not; of dense X
    Mixing mixing = {};

    double dropout_of(const LayerPlan<T> &layer) const {
        return dropout && layer.dropout > 0.0 ? *dropout : layer.dropout;
    }
    // What a masked layer's slope is multiplied by.
    T mask_scale(const LayerPlan<T> &layer) const {
        if (!dropout_key)
            return T(1);
        return dropout ? static_cast<T>(1.0 / (1.0 - dropout_of(layer))) : layer.mask_scale;
    }
};

} // namespace deepgen
