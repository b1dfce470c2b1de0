// What a pass leaves of one layer on its way forward, for all rows of a batch.

#pragma once

#include "engine/network/network.hpp"

#include <memory>

namespace deepgen {

template <class T>
struct LayerValues {
    LayerValues(const Network<T> &network, std::size_t layer, Index max_rows, Index team_size);

    std::size_t bytes() const; // of what grows with the rows

    Buffer<T> output;  // a
    Buffer<T> value;   // what the activation's slope is computed from, where that is not a
    Buffer<T> branch;  // h, which the way back through a gate needs beside a
    Buffer<T> product; // z and the gate's z_T, then T; only with a gate
    std::unique_ptr<NormalizationMemory<T>> normalization;
};

} // namespace deepgen
