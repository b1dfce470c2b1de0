// What one thread needs to take some rows forward and back alone.

#pragma once

#include "engine/probes/probe.hpp"

namespace deepgen {

inline constexpr Index rows_at_once = 128; // of a worker

struct Probe::Worker {
    Worker(const Network<double> &network, Index max_rows, bool dense_inputs, Index rank_,
           PackedParameters<double> &parameters_, const PackedParameters<double> *direction_)
        : rank(rank_), pass(network, max_rows, 1, dense_inputs, Pass<double>::Purpose::gradient),
          tangent(network, direction_ ? max_rows : 0, 1, Tangent::Purpose::forward),
          parameters(parameters_), direction(direction_),
          row(network.has_front() ? as_size(network.layout().n_trainable) : 0) {
        for (const LayerBlocks &blocks : network.layout().layers) {
            normalized.emplace_back(
                blocks.scale == absent ? 0 : as_size(max_rows * row_stride<double>(blocks.width)));
        }
    }

    Index rank;
    Pass<double> pass;
    Tangent tangent;
    PackedParameters<double> &parameters;
    const PackedParameters<double> *direction; // null without
    std::vector<Buffer<double>> normalized;    // dl/dy of the layers that have a norm
    Buffer<double> row;                        // a gradient, where there is a front
    Batch<double> batch{.rows = {0}, .weight_sum = 1.0, .training = false};
};

} // namespace deepgen
