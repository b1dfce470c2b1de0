// Every elementwise optimizer rule as code, for the kernels of one SIMD path.

#pragma once

#include "engine/optimizers/adadelta.hpp"
#include "engine/optimizers/adagrad.hpp"
#include "engine/optimizers/adam.hpp"
#include "engine/optimizers/centered_rmsprop.hpp"
#include "engine/optimizers/list.hpp"
#include "engine/optimizers/rmsprop.hpp"
#include "engine/optimizers/sgd.hpp"
