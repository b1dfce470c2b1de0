// The activations by name and by number, the same on every SIMD path.

#pragma once

#include "engine/core/types.hpp"

#include <span>
#include <string_view>

namespace deepgen {

// The names in the order of DEEPGEN_ACTIVATIONS.
std::span<const std::string_view> activations();

// The place of `name` in that order; refuses a name that is not there.
Index activation_number(std::string_view name);

// What the name of a layer's activation stands for: 'parametric_' before a member's name gives each
// unit a trained slope (kernels/parametric.hpp).
struct ActivationChoice {
    Index number;
    bool parametric;
};
ActivationChoice activation_choice(std::string_view name);

} // namespace deepgen
