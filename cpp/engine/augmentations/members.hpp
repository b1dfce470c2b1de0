// Every augmentation, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/augmentations/augmentation.hpp"

#define DEEPGEN_AUGMENTATIONS(MEMBER)                                                              \
    MEMBER(none)                                                                                   \
    MEMBER(jitter)                                                                                 \
    MEMBER(marginal)                                                                               \
    MEMBER(mask)                                                                                   \
    MEMBER(swap)

namespace deepgen::augmentation {

// Without its line above, a member's definition is an unused constant, and does not compile.
#define MEMBER(name) extern const AugmentationEntry name;
DEEPGEN_AUGMENTATIONS(MEMBER)
#undef MEMBER

} // namespace deepgen::augmentation
