// A batch whose gradient is taken at perturbed weights, w + e. When a visitor sees a chunk of the
// weights, that chunk is back at w, bit by bit.

#pragma once

#include "engine/optimizers/stored_gradient.hpp"
#include "engine/optimizers/wrapper.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {

// The working memory of one step, which the team shares.
template <class T>
struct Perturbation {
    explicit Perturbation(const Kernels<T> &kernels_) : kernels(kernels_), gradient(kernels_) {}

    void allocate(const PackedWeights &weights) {
        gradient.allocate(weights);
        saved.assign(as_size(weights.size), T(0));
    }

    const Kernels<T> &kernels;
    StoredGradient<T> gradient;
    Buffer<T> saved; // w while the weights are perturbed, then the gradient at w + e
};

template <class T>
class PerturbedBatch : public BatchDecorator<T> {
  public:
    PerturbedBatch(BatchGradient<T> &inner, Perturbation<T> &perturbation)
        : BatchDecorator<T>(inner), perturbation_(perturbation) {}

    double penalty() const override { return 0.0; } // the gradient has L2 in it

  protected:
    // w <- w + factor * direction, with the old w saved.
    void perturb(const Team &team, const T *direction, double factor) {
        this->inner_.visit_stored_gradient(team, direction, [&](const WeightChunk<T> &chunk) {
            perturbation_.kernels.vectors.perturb(chunk.n, factor, chunk.gradient,
                                                  this->inner_.weights() + chunk.offset,
                                                  perturbation_.saved.data() + chunk.offset);
            return true;
        });
    }
    void restore(const WeightChunk<T> &chunk) {
        std::copy_n(perturbation_.saved.data() + chunk.offset, chunk.n,
                    this->inner_.weights() + chunk.offset);
    }
    void restore_all(const Team &team) {
        this->inner_.visit_stored_gradient(team, perturbation_.saved.data(),
                                           [&](const WeightChunk<T> &chunk) {
                                               restore(chunk);
                                               return true;
                                           });
    }
    // Restores the weights of a chunk that is visited at w + e, and returns the chunk with the
    // gradient at w + e.
    WeightChunk<T> restored_with_gradient(const WeightChunk<T> &chunk) {
        T *const saved = perturbation_.saved.data() + chunk.offset;
        perturbation_.kernels.vectors.restore(chunk.n, chunk.gradient,
                                              chunk.coefs ? this->inner_.penalty() : 0.0,
                                              this->inner_.weights() + chunk.offset, saved);
        return {chunk.number, chunk.offset, chunk.n, saved, chunk.coefs};
    }

    Perturbation<T> &perturbation_;
};

} // namespace deepgen
