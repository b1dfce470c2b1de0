// Every reparametrization, one line each; each is defined in the .cpp of its name.

#pragma once

#include "engine/reparametrizations/reparametrization.hpp"

#define DEEPGEN_REPARAMETRIZATIONS(MEMBER)                                                         \
    MEMBER(none)                                                                                   \
    MEMBER(gain)                                                                                   \
    MEMBER(ntk)                                                                                    \
    MEMBER(scaled_weight_standardization)                                                          \
    MEMBER(weight_norm)                                                                            \
    MEMBER(weight_standardization)

namespace deepgen::reparametrization {
#define DEEPGEN_MEMBER(name) extern const ReparametrizationEntry name;
DEEPGEN_REPARAMETRIZATIONS(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
} // namespace deepgen::reparametrization
