// Where the matrix of a layer stands in the packed weights, for optimizers that see matrices and
// not single weights: (n_inputs, n_outputs), and as one more row, if asked for, the bias, which is
// the weight of an input that is always 1.

#pragma once

#include "engine/core/types.hpp"

#include <algorithm>

namespace deepgen {

struct WeightMatrix {
    Index n_inputs, n_outputs;
    Index packed_inputs, packed_outputs; // with padding
    Index panel;                         // columns of one
    bool narrow;                         // stored as the transpose
    Index coefs;                         // offset in the packed weights
    Index vectors, n_vectors;            // of bias, scale and shift, one after the other
    bool has_bias;                       // the first of the vectors is one

    // Calls run(column, offset, length) for the stretches of columns [first, end) of a row that are
    // contiguous in the packed weights; the row after the last is the bias.
    template <class Run>
    void for_each_run(Index row, Index first, Index end, Run run) const {
        if (row == n_inputs)
            run(first, vectors + first, end - first);
        else if (narrow) {
            const Index panel_begin = row / panel * panel;
            const Index stride = std::min(panel, packed_inputs - panel_begin);
            for (Index column = first; column < end; ++column)
                run(column, coefs + panel_begin * n_outputs + column * stride + row - panel_begin,
                    Index{1});
        } else
            for (Index column = first; column < end;) {
                const Index panel_begin = column / panel * panel;
                const Index width = std::min(panel, packed_outputs - panel_begin);
                const Index length = std::min(end, panel_begin + width) - column;
                run(column,
                    coefs + panel_begin * packed_inputs + row * width + column - panel_begin,
                    length);
                column += length;
            }
    }
};

} // namespace deepgen
