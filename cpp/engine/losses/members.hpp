// Every loss, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/losses/loss.hpp"

#define DEEPGEN_LOSSES(MEMBER)                                                                     \
    MEMBER(absolute_error)                                                                         \
    MEMBER(binary_focal)                                                                           \
    MEMBER(binary_log_loss)                                                                        \
    MEMBER(focal)                                                                                  \
    MEMBER(gamma)                                                                                  \
    MEMBER(huber)                                                                                  \
    MEMBER(log_loss)                                                                               \
    MEMBER(poisson)                                                                                \
    MEMBER(quantile)                                                                               \
    MEMBER(squared_error)

namespace deepgen::loss {

// Without its line above, a member's definition is an unused constant, and does not compile.
#define MEMBER(name) extern const LossEntry name;
DEEPGEN_LOSSES(MEMBER)
#undef MEMBER

} // namespace deepgen::loss
