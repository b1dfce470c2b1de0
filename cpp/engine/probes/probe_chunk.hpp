// Rows of a probe that a team takes through the network at once, and where their sums go.

#pragma once

#include "engine/probes/probe.hpp"
#include "engine/probes/weight_sums.hpp"

#include <algorithm>

namespace deepgen {

[[nodiscard]] inline Index chunk_rows(IndexRange rows) {
    return std::min(measured_rows, rows.end - rows.begin);
}

// No more threads than blocks of a chunk's rows.
[[nodiscard]] inline Index team_size(IndexRange rows, Index n_threads) {
    return std::min(n_threads, n_row_blocks(chunk_rows(rows)));
}

// A sink.
struct Adding {
    Buffer<double> &sum;

    void operator()(Index, const GradientTask &, const GradientTile<double> &tile) const {
        for (Index i = 0; i < tile.n; ++i)
            sum[as_size(tile.offset + i)] += tile.gradient[i];
    }
};

struct Probe::Chunk {
    Inputs<double> X;
    TargetsView<double> y;
    Batch<double> batch;
    Index first; // row
    Pass<double> &pass;
    PackedParameters<double> &parameters;
    Deltas *deltas; // kept ones; null where there is no room
    bool deltas_stand;

    IndexRange own_rows(const Team &team) const {
        return Pass<double>::row_range(team, batch.rows.size);
    }
};

// Some sums over rows with the parameters' shape, and the factors of those of the weights.
struct Probe::Sums {
    Sums(const Probe &probe, IndexRange rows, Index count, double *sums);
    void write(double *sums) const;

    // The inputs of all layers, which all vectors share; before the first of the gradients.
    void take_inputs(const Team &, const Chunk &);
    // Phase 2 of a pass whose gradients stand: added to sum j.
    void add_gradients(const Team &, const Chunk &, Index j);

    const Network<double> &network;
    WeightSums weights;
    WeightSums::Factors inputs, gradients;
    std::vector<Buffer<double>> packed;
};

} // namespace deepgen
