// The catalog of losses, generated from the list of members.

#include "engine/losses/members.hpp"

namespace deepgen {

std::span<const LossEntry *const> losses() {
    static constexpr const LossEntry *entries[] = {
#define MEMBER(name) &loss::name,
        DEEPGEN_LOSSES(MEMBER)
#undef MEMBER
    };
    return entries;
}

} // namespace deepgen
