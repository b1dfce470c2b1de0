// Every elementwise optimizer rule, one line each: MEMBER(Type, name); each stands in the header of
// its name.

#pragma once

#define DEEPGEN_RULES(MEMBER)                                                                      \
    MEMBER(Adam, adam)                                                                             \
    MEMBER(Sgd, sgd)
