// A batch whose gradient is taken at weights that were moved away, w + e, and whose weights are
// back at w, bit by bit, when a visitor sees a stretch of them.

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
        this->inner_.show(team, direction, [&](const Stretch<T> &stretch) {
            memory_.kernels.depart(stretch.n, factor, stretch.gradient,
                                   this->inner_.weights() + stretch.offset,
                                   memory_.origin.data() + stretch.offset);
            return true;
        });
    }
    void put_back(const Stretch<T> &stretch) {
        std::copy_n(memory_.origin.data() + stretch.offset, stretch.n,
                    this->inner_.weights() + stretch.offset);
    }
    void put_all_back(const Team &team) {
        this->inner_.show(team, memory_.origin.data(), [&](const Stretch<T> &stretch) {
            put_back(stretch);
            return true;
        });
    }
    // A stretch as it is visited away from w, as the visitor shall see it.
    Stretch<T> back_with_gradient(const Stretch<T> &stretch) {
        T *const origin = memory_.origin.data() + stretch.offset;
        memory_.kernels.come_back(stretch.n, stretch.gradient,
                                  stretch.coefs ? this->inner_.penalty() : 0.0,
                                  this->inner_.weights() + stretch.offset, origin);
        return {stretch.number, stretch.offset, stretch.n, origin, stretch.coefs};
    }

    Displacement<T> &memory_;
};

} // namespace deepgen
