// Where the numbers of a network stand: the flat vector that Python owns, and the packed one that
// kernels use.
//
// Flat: for each layer coefs (in, out), intercepts, gate_coefs (in, out), gate_intercepts, scale,
// shift, gain, slope; after all of these the buffers mean, variance. Packed: the same trainable
// blocks, padded to cache lines, matrices in panels; a gate's columns follow those of coefs, so
// that one product makes both. Optimizer memory and gradients have the packed layout too, so a rule
// runs over any part of it.

#pragma once

#include "engine/kernels/kernel_table.hpp"
#include "engine/kernels/packed.hpp"
#include "engine/network/spec.hpp"

#include <algorithm>

namespace deepgen {

struct Block {
    std::string kind; // coefs, intercepts ...
    Index layer;
    Index offset;
    Index rows;
    Index columns;
    bool trainable;

    std::string name() const { return kind + "_" + std::to_string(layer); }
    Index size() const { return rows * columns; }
};

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
};

template <class T>
class PackedLayout {
  public:
    PackedLayout(const NetworkSpec &spec, const Layout &layout, const Kernels<T> &kernels);

    const std::vector<PackedLayer> &layers() const { return layers_; }
    Index size() const { return size_; }
    PackedWeights weights() const { return {size_, kernels_->panel, layers_}; }
    Index transposed_size() const { return transposed_size_; }

    // Trainable blocks from flat to packed and back. Padding is left as it is (zero).
    void pack(const T *flat, T *packed) const;
    void unpack(const T *packed, T *flat) const;

    // W^T of a layer above the first, from packed weights.
    void transpose(Index layer, const T *packed, T *transposed) const;

    // The panel that starts at `column` of a matrix packed with `columns`: its width.
    Index panel_width(Index column, Index columns) const {
        return std::min(kernels_->panel, columns - column);
    }

    // Some rows of W (all columns of the panel at `column`) into W^T, where the layer has one.
    void transpose_block(Index layer, Index row, Index n_rows, Index column, const T *packed,
                         T *transposed) const;

  private:
    const Layout *layout_;
    const Kernels<T> *kernels_;
    std::vector<PackedLayer> layers_;
    Index size_ = 0;
    Index transposed_size_ = 0;
};

} // namespace deepgen
