// What the network asks of an activation: value and two derivatives, one register at a time.
//
// A member is a struct with
//   from_output            whether slope and second derivative are given f(z) (true) or z (false)
//   value(z)               f(z)
//   slope(x)               f'(z), where x is f(z) or z as from_output says
//   second_derivative(x)   f''(z), of the same x; 0 at a kink
//
// Members are compiled once for each SIMD path, inside the path's namespace, and for a device.

#pragma once

#include "engine/kernels/elementary.hpp"
#include "engine/kernels/simd.hpp"
