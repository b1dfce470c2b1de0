// The incoming weights of each unit, a column of coefs_, and vectors as wholes, wherever they stand
// in the packed weights. The front's vectors are the blocks of each embedded feature, and the input
// scale.

#pragma once

#include "engine/optimizers/optimizer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace deepgen {

// What is looked at in one go: pieces of so many numbers each. Of a layer's matrix a piece is a
// part of a row; its numbers belong to units of their own (`apart`), but for narrow layers,
// where it is a part of a column.
struct UnitGroup {
    enum class Block {
        coefs,
        intercepts,
        scale,
        shift,
        gain,
        gate_coefs,
        gate_intercepts,
        slope,
        front
    } block;
    Index layer; // of the front the number of the vector
    Index unit;  // number of the first unit
    bool apart;
    Index offset, n_pieces, stride, length;
    Index last_offset, last_length; // of the last piece, which may be shorter

    // Calls with (number, offset, length) of each piece.
    template <class Function>
    void for_each_piece(Function function) const {
        for (Index piece = 0; piece + 1 < n_pieces; ++piece)
            function(piece, offset + piece * stride, length);
        function(n_pieces - 1, last_offset, last_length);
    }
};

inline std::vector<UnitGroup> unit_groups(const OptimizerContext &context, Index line) {
    using Block = UnitGroup::Block;
    const PackedWeights &weights = context.weights;
    std::vector<UnitGroup> groups;
    for (std::size_t l = 0; l < weights.layers.size(); ++l) {
        const PackedLayer &layer = weights.layers[l];
        const auto number = static_cast<Index>(l);
        const Index panel = weights.panel;
        for (Index unit = 0; layer.narrow && unit < layer.n_outputs; ++unit) {
            const Index last = (layer.n_inputs - 1) / panel * panel;
            const Index rest = layer.n_inputs - last;
            groups.push_back({Block::coefs, number, unit, false, layer.coefs + unit * panel,
                              last / panel + 1, panel * layer.n_outputs, panel,
                              layer.coefs + last * layer.n_outputs + unit * rest, rest});
        }
        for (Index unit = 0; !layer.narrow && unit < layer.width; unit += line) {
            const Index first = unit / panel * panel;
            const Index stride = std::min(panel, layer.width - first);
            const Index start = layer.coefs + first * layer.n_inputs + (unit - first);
            const bool gate = unit >= layer.gate;
            groups.push_back({gate ? Block::gate_coefs : Block::coefs, number,
                              gate ? unit - layer.gate : unit, true, start, layer.n_inputs, stride,
                              line, start + (layer.n_inputs - 1) * stride, line});
        }
        const auto vector = [&](Block block, Index offset) {
            groups.push_back(
                {block, number, 0, false, offset, 1, 0, layer.gate, offset, layer.gate});
        };
        vector(Block::intercepts, layer.intercepts);
        if (layer.width > layer.gate)
            vector(Block::gate_intercepts, layer.intercepts + layer.gate);
        if (layer.gain > layer.scale) {
            vector(Block::scale, layer.scale);
            vector(Block::shift, layer.shift);
        }
        if (layer.n_gains > 0)
            vector(Block::gain, layer.gain);
        if (layer.has_slope)
            vector(Block::slope, layer.slope);
    }
    for (std::size_t i = 0; i < context.front.size(); ++i) {
        const auto [begin, end] = context.front[i];
        groups.push_back({Block::front, static_cast<Index>(i), 0, false, begin, 1, 0, end - begin,
                          begin, end - begin});
    }
    return groups;
}

// Norms of the numbers of a group: one for each unit of a line, or for the whole.
template <class T>
using UnitNorms = std::array<double, as_size(lane_pad<T>)>;

template <class T>
UnitNorms<T> unit_norms(const UnitGroup &group, const T *packed) {
    UnitNorms<T> norms{};
    group.for_each_piece([&](Index, Index offset, Index length) {
        for (Index i = 0; i < length; ++i) {
            const auto x = static_cast<double>(packed[offset + i]);
            norms[as_size(group.apart ? i : 0)] += x * x;
        }
    });
    for (double &norm : norms)
        norm = std::sqrt(norm);
    return norms;
}

} // namespace deepgen
