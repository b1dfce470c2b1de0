// The engine's activations and rules over arrays, to compare registers: compiled once with the
// flags of a SIMD path and once with DEEPGEN_ONE_LANE, as a device compiles them.

#include "cuda/members.cuh"
#include "engine/core/parallel.hpp"

#include <algorithm>

namespace {

using namespace deepgen;
using namespace DEEPGEN_PATH;

template <class T>
void activate(int number, Index n, const T *x, T *value, T *slope, T *second) {
    using V = Simd<T>;
    const FlushDenormals flush;
    with_activation(number, [&]<class Activation>(Member<Activation>) {
        for (Index i = 0; i < n; i += V::lanes) {
            const V at = V::load(x + i);
            Activation::value(at).store(value + i);
            Activation::slope(at).store(slope + i);
            Activation::second_derivative(at).store(second + i);
        }
    });
}

} // namespace

extern "C" {

Index register_lanes() {
    return Simd<float>::lanes;
}

void activate_float(int number, Index n, const float *x, float *value, float *slope,
                    float *second) {
    activate(number, n, x, value, slope, second);
}

void activate_double(int number, Index n, const double *x, double *value, double *slope,
                     double *second) {
    activate(number, n, x, value, slope, second);
}

// n weights and their state, (max_state_arrays, n), move by one step with eight constants.
void move(int number, const double *constants, Index n, float *weights, const float *gradient,
          float *state) {
    using V = Simd<float>;
    const FlushDenormals flush;
    RuleConstants of_step;
    std::copy_n(constants, of_step.size(), of_step.begin());
    with_rule(number, [&]<class Rule>(Member<Rule>) {
        const Rule rule(of_step);
        for (Index i = 0; i < n; i += V::lanes) {
            V w = V::load(weights + i), arrays[max_state_arrays];
            for (Index s = 0; s < Rule::n_state_arrays; ++s)
                arrays[s] = V::load(state + s * n + i);
            rule(w, V::load(gradient + i), arrays);
            w.store(weights + i);
            for (Index s = 0; s < Rule::n_state_arrays; ++s)
                arrays[s].store(state + s * n + i);
        }
    });
}
}
