// How the weights of a layer stand in memory: see the legend of views.hpp.

#pragma once

#include "engine/core/types.hpp"

#include <span>
#include <string_view>

namespace deepgen {

// A layer of so few outputs is stored as W^T and computed by rows: padded to a cache line of
// columns it would be mostly padding. Not where it is reparametrized, which goes by columns.
inline constexpr Index narrow_outputs = 4;

// Packed offsets of one layer; inputs and width padded.
struct PackedLayer {
    Index n_inputs, width;       // the width is that of the product, a gate's included
    Index n_features, n_outputs; // of the layer, without padding
    Index gate;                  // the column where the gate's begin
    bool narrow; // coefs are W^T (n_outputs, n_inputs) in panels, and there is no other transpose
    Index coefs;
    Index intercepts = 0, scale = 0, shift = 0, gain = 0, slope = 0;
    bool has_bias = false;   // else there is room for one, which stays zero
    Index n_gains = 0;       // one for each unit, one for all, or none
    Index n_vectors = 0;     // numbers from intercepts on: 1 to 5 vectors of the width
    bool has_slope = false;  // the last of them is a trained slope of the activation
    bool last = false;       // it gives the outputs
    bool transposes = false; // narrow layers need none, nor a layer 0 that takes X itself
    Index transposed = 0;    // in the array of transposes
};

// All weights of a network, packed one after the other; optimizers' state has the same order.
// Numbers of one role, which end here and begin where those before them end.
struct PackedStretch {
    Index end;
    std::string_view role; // of rate_roles
};

struct PackedWeights {
    Index size;
    Index panel;
    std::span<const PackedLayer> layers;
    std::span<const PackedStretch> stretches; // in order, all numbers
};

} // namespace deepgen
