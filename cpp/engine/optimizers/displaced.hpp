// A batch whose gradient is taken at weights that were moved away, w + e, and whose weights are
// back at w, bit by bit, when a visitor sees a chunk of them.

#pragma once

#include "engine/optimizers/kept_gradient.hpp"
#include "engine/optimizers/wrapper.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {

// The memory of one step, which the team shares.
template <class T>
struct Displacement {
    explicit Displacement(const Kernels<T> &kernels_) : kernels(kernels_), gradient(kernels_) {}

    void allocate(const PackedWeights &weights) {
        gradient.allocate(weights);
        origin.assign(as_size(weights.size), T(0));
    }

    const Kernels<T> &kernels;
    KeptGradient<T> gradient;
    Buffer<T> origin; // w while the weights are away, then the gradient that they had there
};

template <class T>
class Displaced : public Decorated<T> {
  public:
    Displaced(BatchGradient<T> &inner, Displacement<T> &memory)
        : Decorated<T>(inner), memory_(memory) {}

    double penalty() const override { return 0.0; } // the gradient has L2 in it

  protected:
    // w + factor * direction; where that was is kept.
    void move(const Team &team, const T *direction, double factor) {
        this->inner_.show(team, direction, [&](const WeightChunk<T> &chunk) {
            memory_.kernels.depart(chunk.n, factor, chunk.gradient,
                                   this->inner_.weights() + chunk.offset,
                                   memory_.origin.data() + chunk.offset);
            return true;
        });
    }
    void put_back(const WeightChunk<T> &chunk) {
        std::copy_n(memory_.origin.data() + chunk.offset, chunk.n,
                    this->inner_.weights() + chunk.offset);
    }
    void put_all_back(const Team &team) {
        this->inner_.show(team, memory_.origin.data(), [&](const WeightChunk<T> &chunk) {
            put_back(chunk);
            return true;
        });
    }
    // A chunk as it is visited away from w, as the visitor shall see it.
    WeightChunk<T> back_with_gradient(const WeightChunk<T> &chunk) {
        T *const origin = memory_.origin.data() + chunk.offset;
        memory_.kernels.come_back(chunk.n, chunk.gradient,
                                  chunk.coefs ? this->inner_.penalty() : 0.0,
                                  this->inner_.weights() + chunk.offset, origin);
        return {chunk.number, chunk.offset, chunk.n, origin, chunk.coefs};
    }

    Displacement<T> &memory_;
};

} // namespace deepgen
