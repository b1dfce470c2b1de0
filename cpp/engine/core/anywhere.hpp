// What is marked DEEPGEN_ANYWHERE can also run in a thread of a device: CUDA's compiler asks for
// the mark, others need none.

#pragma once

#if defined(__CUDACC__)
#define DEEPGEN_ANYWHERE __host__ __device__
#else
#define DEEPGEN_ANYWHERE
#endif
