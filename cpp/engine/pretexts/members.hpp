// Every pretext task, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/pretexts/pretext.hpp"

#define DEEPGEN_PRETEXTS(MEMBER)                                                                   \
    MEMBER(contrast)                                                                               \
    MEMBER(reconstruction)

namespace deepgen::pretext {

// Without its line above, a member's definition is an unused constant, and does not compile.
#define MEMBER(name) extern const PretextEntry name;
DEEPGEN_PRETEXTS(MEMBER)
#undef MEMBER

} // namespace deepgen::pretext
