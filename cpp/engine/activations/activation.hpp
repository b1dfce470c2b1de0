// What the network asks of an activation: value and two derivatives, one register at a time.
//
// A member is a struct with
//   from_output   whether the slope is computed from the value f(z) (true) or from z (false)
//   value(z)      f(z)
//   slope(x)      f'(z), where x is f(z) or z as from_output says
//   bend(x)       f''(z), of the same x; a kink counts as none
//
// Members are compiled once for each SIMD path, inside the path's namespace.

#pragma once

#include "engine/kernels/elementary.hpp"
#include "engine/kernels/simd.hpp"
