// The catalog of reparametrizations, generated from the list of members.

#include "engine/reparametrizations/members.hpp"

namespace deepgen {

std::span<const ReparametrizationEntry *const> reparametrizations() {
#define DEEPGEN_MEMBER(name) &reparametrization::name,
    static constexpr const ReparametrizationEntry *members[] = {
        DEEPGEN_REPARAMETRIZATIONS(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER
    return members;
}

} // namespace deepgen
