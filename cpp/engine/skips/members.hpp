// Every skip, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/skips/skip.hpp"

#define DEEPGEN_SKIPS(MEMBER)                                                                      \
    MEMBER(residual)                                                                               \
    MEMBER(highway)                                                                                \
    MEMBER(deepnorm)

namespace deepgen::skip {
#define DEEPGEN_MEMBER(name) extern const SkipEntry name;
DEEPGEN_SKIPS(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
} // namespace deepgen::skip
