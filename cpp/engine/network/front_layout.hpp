// The front of a network: what stands between X and layer 0, and where its numbers stand.
//
//   u = [kept features, the columns of each embedded feature],   a_{-1} = s u
//
// s is the input scale, one trained factor for each column, where there is one. A network without a
// front has a_{-1} = X.

#pragma once

#include "engine/network/spec.hpp"

namespace deepgen {

// A block of the flat vector.
struct Block {
    std::string kind; // coefs, intercepts ...
    Index layer;      // that it belongs to; of the front's blocks in_front
    Index offset;
    Index rows;
    Index columns;
    bool trainable;

    std::string name() const {
        return layer == in_front ? kind : kind + "_" + std::to_string(layer);
    }
    Index size() const { return rows * columns; }

    static constexpr Index in_front = -1;
};

// One embedded feature.
struct FrontFeature {
    // A stretch of its numbers: where it stands in the flat vector, and among them.
    struct Run {
        Index flat, place, n;
    };

    Index member; // number in the catalog
    MapShape shape;
    Index feature;   // column of X
    Index column;    // first of its columns in u
    Index n_numbers; // that are trained
    std::span<const double> constants;
    std::vector<Run> runs;
};

struct FrontLayout {
    // Appends the front's blocks from `offset` on; the spec is looked at as long as this lives.
    FrontLayout(const NetworkSpec &spec, Index &offset, std::vector<Block> &blocks);

    bool empty() const { return features.empty() && input_scale < 0; }

    Index width;             // of u
    std::vector<Index> kept; // columns of X that u begins with
    std::vector<FrontFeature> features;
    Index input_scale = -1;    // flat offset; negative without
    Index begin = 0, size = 0; // of its numbers in the flat vector
};

} // namespace deepgen
