// The kernels of every embedding, for one SIMD path. Whoever needs names and shapes includes
// embedding.hpp.

#pragma once

#include "engine/embeddings/levels.hpp"
#include "engine/embeddings/list.hpp"
#include "engine/embeddings/pbld.hpp"
#include "engine/embeddings/pwl.hpp"
