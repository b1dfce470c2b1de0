// The whole gradient of a batch, with L2, for optimizers that need all of it before the first
// weight moves.

#pragma once

#include "engine/optimizers/optimizer.hpp"

#include <numeric>

namespace deepgen {

template <class T>
class StoredGradient {
  public:
    explicit StoredGradient(const Kernels<T> &kernels) : kernels_(kernels) {}

    void allocate(const PackedWeights &weights) {
        numbers_.assign(as_size(weights.size), T(0));
        squares_.assign(as_size(weights.size / lane_pad<T>), 0.0);
    }

    // Every thread of the team calls this; returns the squared norm, the same on each.
    double store(const Team &team, BatchGradient<T> &batch) {
        const double penalty = batch.penalty();
        const T *const weights = batch.weights();
        batch.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
            squares_[as_size(chunk.number)] = kernels_.vectors.total_gradient(
                chunk.n, chunk.gradient, weights + chunk.offset, chunk.coefs ? penalty : 0.0,
                numbers_.data() + chunk.offset);
            return false;
        });
        return std::accumulate(squares_.begin(), squares_.begin() + batch.n_weight_chunks(), 0.0);
    }

    T *data() { return numbers_.data(); }

  private:
    const Kernels<T> &kernels_;
    Buffer<T> numbers_;
    std::vector<double> squares_; // of each chunk
};

} // namespace deepgen
