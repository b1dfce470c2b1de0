// Rows of a probe that a team takes through the network at once, and where their sums go.

#pragma once

#include "engine/probes/probe.hpp"

#include <algorithm>

namespace deepgen {

[[nodiscard]] inline Index chunk_rows(IndexRange rows) {
    return std::min(measured_rows, rows.end - rows.begin);
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
    std::vector<Buffer<double>> &sums; // packed

    // Phase 2 of a pass whose gradients stand: added to sum j.
    void add_weight_gradients(const Team &team, Index j) const {
        team.wait();
        pass.weight_gradients(team, batch, X, parameters, Adding{sums[as_size(j)]});
        team.wait();
    }
};

} // namespace deepgen
