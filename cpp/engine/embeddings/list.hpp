// Every embedding, one line each: MEMBER(Type, name). The type, its kernels, is in the header of
// that name, and what it is asked for in the .cpp.
//
// An embedding maps single features to columns that layer 0 takes beside the others. What it trains
// for a feature stands together, in the blocks that it names.

#pragma once

#define DEEPGEN_EMBEDDINGS(MEMBER)                                                                 \
    MEMBER(Levels, levels)                                                                         \
    MEMBER(Pbld, pbld)                                                                             \
    MEMBER(Pwl, pwl)
