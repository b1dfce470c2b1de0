// Where the numbers of a network stand: the flat vector that Python owns, and the packed one that
// kernels use.
//
// Flat: for each layer coefs (in, out), intercepts, gate_coefs (in, out), gate_intercepts, scale,
// shift, gain, slope; then the front's blocks; after all of these the buffers mean, variance.
// Packed: the same trainable blocks, padded to cache lines, matrices in panels; a gate's columns
// follow those of coefs, so that one product makes both; what is trained for one feature stands
// together. Optimizer memory and gradients have the packed layout too, so a rule runs over any part
// of it.

#pragma once

#include "engine/kernels/kernel_table.hpp"
#include "engine/kernels/packed.hpp"
#include "engine/network/front_layout.hpp"

#include <algorithm>

namespace deepgen {

inline constexpr Index absent = -1;

// Flat offsets of one layer's blocks; `absent` where it has none.
struct LayerBlocks {
    Index n_inputs, width;
    Index coefs, intercepts = absent, gate_coefs = absent, gate_intercepts = absent, scale = absent,
                 shift = absent, gain = absent, slope = absent, mean = absent, variance = absent;
    Index n_gains = 0; // one a unit, or one of the layer
};

struct Layout {
    explicit Layout(const NetworkSpec &spec);

    std::vector<Block> blocks;
    std::vector<LayerBlocks> layers;
    Index n_trainable = 0;
    Index n_parameters = 0;
    FrontLayout front;
};

template <class T>
class PackedLayout {
  public:
    // Copies a square of one cache line, turned.
    using Transpose = void (*)(const T *from, Index from_stride, T *to, Index to_stride);

    // Panels of so many columns.
    PackedLayout(const NetworkSpec &spec, const Layout &layout, Index panel,
                 Transpose transpose_square);

    const std::vector<PackedLayer> &layers() const { return layers_; }
    Index size() const { return size_; }
    Index n_parameters() const { return layout_->n_parameters; } // of a flat vector
    Index panel() const { return panel_; }
    PackedWeights weights() const { return {size_, panel_, layers_, stretches_}; }
    Index transposed_size() const { return transposed_size_; }
    const FrontLayout &front() const { return layout_->front; }
    // Where an embedded feature's numbers begin; for the number of features, where the last one's
    // end.
    Index feature_offset(std::size_t feature) const { return feature_offsets_[feature]; }
    // Where the input scale stands, if there is one.
    Index input_scale() const { return feature_offsets_.back(); }

    // Trainable blocks from flat to packed and back. Padding is left as it is (zero).
    void pack(const T *flat, T *packed) const;
    void unpack(const T *packed, T *flat) const;

    // W^T of a layer that has one, from packed weights.
    void transpose(Index layer, const T *packed, T *transposed) const;

    // The panel that starts at `column` of a matrix packed with `columns`: its width.
    Index panel_width(Index column, Index columns) const {
        return std::min(panel_, columns - column);
    }

    // Some rows of W (all columns of the panel at `column`) into W^T, where the layer has one.
    void transpose_block(Index layer, Index row, Index n_rows, Index column, const T *packed,
                         T *transposed) const;

  private:
    // Calls copy(flat offset, packed offset, length) for every run of the front's numbers.
    template <class Copy>
    void for_each_front_run(Copy copy) const;

    // The roles of a layer's numbers.
    void add_stretches(const PackedLayer &layer, bool first);

    const Layout *layout_;
    Index panel_;
    Transpose transpose_square_;
    std::vector<PackedLayer> layers_;
    std::vector<Index> feature_offsets_;
    std::vector<PackedStretch> stretches_;
    Index size_ = 0;
    Index transposed_size_ = 0;
};

} // namespace deepgen
