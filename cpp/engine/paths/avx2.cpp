// Compiled with this path's flags; see CMakeLists.txt.

#include "engine/paths/path_table.hpp"
