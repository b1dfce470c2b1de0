// How many threads a team can have.

#pragma once

#include "engine/core/types.hpp"

namespace deepgen {

// As many of n threads as the system grants.
Index affordable_threads(Index n);

} // namespace deepgen
