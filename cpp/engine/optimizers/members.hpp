// Every elementwise optimizer rule as code, for the kernels of one SIMD path.

#pragma once

#include "engine/optimizers/adam.hpp"
#include "engine/optimizers/list.hpp"
#include "engine/optimizers/sgd.hpp"
