// The catalog of losses, generated from the list of members.

#include "engine/losses/class_loss.hpp"
#include "engine/losses/elementwise_loss.hpp"
#include "engine/losses/members.hpp"
#include "engine/losses/quantile_loss.hpp"

namespace deepgen {
namespace {

#define MEMBER(Type, name) constexpr LossEntry name##_entry = loss::entry_of<loss::Type>(#name);
DEEPGEN_LOSSES(MEMBER)
#undef MEMBER

} // namespace

std::span<const LossEntry *const> losses() {
    static constexpr const LossEntry *entries[] = {
#define MEMBER(Type, name) &name##_entry,
        DEEPGEN_LOSSES(MEMBER)
#undef MEMBER
    };
    return entries;
}

} // namespace deepgen
