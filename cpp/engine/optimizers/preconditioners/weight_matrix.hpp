// The weights of a layer as a matrix (n_inputs, n_outputs) for optimizers that see more of them
// than single numbers. With its bias it has one row more: the weights of an input that is always 1.

#pragma once

#include "engine/kernels/packed.hpp"

#include <algorithm>

namespace deepgen {

class WeightMatrix {
  public:
    WeightMatrix(const PackedLayer &layer, Index panel) : layer_(&layer), panel_(panel) {}

    Index n_inputs() const { return layer_->n_features; }
    Index n_outputs() const { return layer_->n_outputs; }
    bool has_bias() const { return layer_->has_bias; }

    // Calls run(column, offset, length) for the pieces of columns [first, end) of a row that are
    // contiguous in the packed weights; the row after the last is the bias.
    template <class Run>
    void for_each_run(Index row, Index first, Index end, Run run) const {
        if (row == layer_->n_features)
            run(first, layer_->intercepts + first, end - first);
        else if (layer_->narrow) {
            const Index panel = row / panel_ * panel_;
            const Index stride = std::min(panel_, layer_->n_inputs - panel);
            for (Index column = first; column < end; ++column)
                run(column,
                    layer_->coefs + panel * layer_->n_outputs + column * stride + row - panel,
                    Index{1});
        } else
            for (Index column = first; column < end;) {
                const Index panel = column / panel_ * panel_;
                const Index width = std::min(panel_, layer_->width - panel);
                const Index length = std::min(end, panel + width) - column;
                run(column, layer_->coefs + panel * layer_->n_inputs + row * width + column - panel,
                    length);
                column += length;
            }
    }

  private:
    const PackedLayer *layer_;
    Index panel_; // columns, as the weights are packed
};

} // namespace deepgen
