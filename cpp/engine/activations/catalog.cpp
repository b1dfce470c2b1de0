// The catalog of activations: names and numbers, generated from the list.

#include "engine/activations/catalog.hpp"

#include "engine/activations/list.hpp"
#include "engine/core/catalog.hpp"

#include <algorithm>

namespace deepgen {
namespace {

constexpr std::string_view names[] = {
#define MEMBER(type, name) #name,
    DEEPGEN_ACTIVATIONS(MEMBER)
#undef MEMBER
};

} // namespace

std::span<const std::string_view> activations() {
    return names;
}

Index activation_number(std::string_view name) {
    const auto *const found = std::ranges::find(names, name);
    require(found != std::ranges::end(names), "unknown activation '", name,
            "'; known: ", joined(names));
    return found - names;
}

ActivationChoice activation_choice(std::string_view name) {
    constexpr std::string_view prefix = "parametric_";
    if (!name.starts_with(prefix))
        return {activation_number(name), false};
    name.remove_prefix(prefix.size());
    require(name != "identity", "a trained slope of 'identity' would change nothing");
    return {activation_number(name), true};
}

} // namespace deepgen
