// The members of two families by their numbers, which are their places in the engine's lists.
//
// The function is called with a Member<Type>, once for the number that came, and compiled for each.
// Outside of the hot loop a switch costs nothing:
//
//   with_activation(layer.activation, [&]<class Activation>(Member<Activation>) {
//       for (...)
//           Activation::value(V::load(z + i)).store(a + i);
//   });

#pragma once

#include "engine/activations/members.hpp"
#include "engine/optimizers/rules/members.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class Type>
struct Member {};

#define DEEPGEN_MEMBER(Type, name) name,
enum class ActivationNumber { DEEPGEN_ACTIVATIONS(DEEPGEN_MEMBER) };
enum class RuleNumber { DEEPGEN_RULES(DEEPGEN_MEMBER) };
#undef DEEPGEN_MEMBER

// The function may be one for the device alone.
#if defined(__CUDACC__)
#pragma nv_exec_check_disable
#endif
template <class Function>
DEEPGEN_ANYWHERE void with_activation(int number, const Function &function) {
    switch (static_cast<ActivationNumber>(number)) {
#define DEEPGEN_MEMBER(Type, name)                                                                 \
    case ActivationNumber::name:                                                                   \
        return function(Member<Type>{});
        DEEPGEN_ACTIVATIONS(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
    }
}

#if defined(__CUDACC__)
#pragma nv_exec_check_disable
#endif
template <class Function>
DEEPGEN_ANYWHERE void with_rule(int number, const Function &function) {
    switch (static_cast<RuleNumber>(number)) {
#define DEEPGEN_MEMBER(Type, name)                                                                 \
    case RuleNumber::name:                                                                         \
        return function(Member<Type<float>>{});
        DEEPGEN_RULES(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
    }
}

} // namespace deepgen::DEEPGEN_PATH
