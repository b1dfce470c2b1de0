// Every activation, one line each: MEMBER(Type, name). The type is in the header of that name.

#pragma once

#define DEEPGEN_ACTIVATIONS(MEMBER)                                                                \
    MEMBER(Identity, identity)                                                                     \
    MEMBER(Relu, relu)                                                                             \
    MEMBER(Elu, elu)                                                                               \
    MEMBER(Gelu, gelu)                                                                             \
    MEMBER(LeakyRelu, leaky_relu)                                                                  \
    MEMBER(Logistic, logistic)                                                                     \
    MEMBER(Mish, mish)                                                                             \
    MEMBER(Selu, selu)                                                                             \
    MEMBER(Silu, silu)                                                                             \
    MEMBER(Tanh, tanh)
