// Every elementwise optimizer rule, one line each: MEMBER(Type, name); each stands in the header of
// its name.

#pragma once

#define DEEPGEN_RULES(MEMBER)                                                                      \
    MEMBER(AdaDelta, adadelta)                                                                     \
    MEMBER(AdaGrad, adagrad)                                                                       \
    MEMBER(Adam, adam)                                                                             \
    MEMBER(CenteredRMSProp, centered_rmsprop)                                                      \
    MEMBER(RMSProp, rmsprop)                                                                       \
    MEMBER(Sgd, sgd)
