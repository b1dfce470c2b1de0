// Every loss, one line each: MEMBER(Type, name). The type is in the header of that name.

#pragma once

#define DEEPGEN_LOSSES(MEMBER)                                                                     \
    MEMBER(AbsoluteError, absolute_error)                                                          \
    MEMBER(BinaryFocal, binary_focal)                                                              \
    MEMBER(BinaryLogLoss, binary_log_loss)                                                         \
    MEMBER(Focal, focal)                                                                           \
    MEMBER(Gamma, gamma)                                                                           \
    MEMBER(Huber, huber)                                                                           \
    MEMBER(LogLoss, log_loss)                                                                      \
    MEMBER(Poisson, poisson)                                                                       \
    MEMBER(Quantile, quantile)                                                                     \
    MEMBER(SquaredError, squared_error)
