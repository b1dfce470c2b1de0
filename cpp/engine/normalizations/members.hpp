// Every normalization, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/normalizations/normalization.hpp"

#define DEEPGEN_NORMALIZATIONS(MEMBER)                                                             \
    MEMBER(none)                                                                                   \
    MEMBER(batch)                                                                                  \
    MEMBER(layer)

namespace deepgen::normalization {
#define DEEPGEN_MEMBER(name) extern const NormalizationEntry name;
DEEPGEN_NORMALIZATIONS(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
} // namespace deepgen::normalization
