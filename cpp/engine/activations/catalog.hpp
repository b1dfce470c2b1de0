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

} // namespace deepgen
