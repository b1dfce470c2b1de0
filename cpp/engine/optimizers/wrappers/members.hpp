// Every wrapper, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/optimizers/wrapper.hpp"

#define DEEPGEN_WRAPPERS(MEMBER)                                                                   \
    MEMBER(adaptive_clip)                                                                          \
    MEMBER(asam)                                                                                   \
    MEMBER(batch_ensemble)                                                                         \
    MEMBER(clip_norm)                                                                              \
    MEMBER(ema)                                                                                    \
    MEMBER(gsam)                                                                                   \
    MEMBER(line)                                                                                   \
    MEMBER(lpfsgd)                                                                                 \
    MEMBER(sam)

namespace deepgen::wrapper {

// Without its line above, a member's definition is an unused constant, and does not compile.
#define MEMBER(name) extern const WrapperEntry name;
DEEPGEN_WRAPPERS(MEMBER)
#undef MEMBER

} // namespace deepgen::wrapper
