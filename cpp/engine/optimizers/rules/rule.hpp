// What the trainer asks of an elementwise optimizer: the update of one register of weights from
// their gradient and the optimizer's state.
//
// A member is a struct, compiled once for each SIMD path inside the path's namespace, and for a
// device, with
//   parameters             name, default, range of each setting
//   n_state_arrays         how many numbers of state belong to each weight
//   initial(s)             what they start at; may be left out for 0
//   constants(s, t, rate)  what is the same for all weights in step t = 1, 2, ..., from the
//                          settings s in the order of `parameters`
//   Rule(constants)(w, g, state)   the update
//
// The settings' last entry is always weight_decay: decoupled, w <- w - rate * weight_decay * w
// before the rule, for weights only. L2 is the network's: g already holds it.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

#include <iterator>

namespace deepgen::DEEPGEN_PATH {

template <class T, template <class> class Member>
double initial(const double *settings) {
    if constexpr (requires { Member<T>::initial(settings); })
        return Member<T>::initial(settings);
    else
        return 0.0;
}

template <class T, template <class> class Member>
void update(const RuleConstants &constants, RuleTile<T> &tile) {
    static_assert(Member<T>::n_state_arrays <= max_state_arrays);
    static_assert(std::end(Member<T>::parameters)[-1].name == "weight_decay");
    using V = Simd<T>;
    const Member<T> rule(constants);
    const V penalty(static_cast<T>(tile.penalty)), keep(static_cast<T>(1.0 - tile.decay));
    V gradient_squares(T(0)), weight_squares(T(0));
    const RuleTile<T> t = tile; // a store to the weights might change what is only referred to
    for (Index i = 0; i < t.n; i += V::lanes) {
        V w = V::load(t.weights + i);
        const V g = fmadd(penalty, w, V::load(t.gradient + i));
        gradient_squares = fmadd(g, g, gradient_squares);
        weight_squares = fmadd(w, w, weight_squares);
        w *= keep;
        V state[max_state_arrays];
        for (Index s = 0; s < Member<T>::n_state_arrays; ++s)
            state[s] = V::load(t.state[as_size(s)] + i);
        rule(w, g, state);
        w.store(t.weights + i);
        for (Index s = 0; s < Member<T>::n_state_arrays; ++s)
            state[s].store(t.state[as_size(s)] + i);
    }
    tile.gradient_squares = gradient_squares.sum();
    tile.weight_squares = weight_squares.sum();
}

} // namespace deepgen::DEEPGEN_PATH
