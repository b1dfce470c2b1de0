// Every elementwise optimizer rule as code, for the kernels of one SIMD path.

#pragma once

#include "engine/optimizers/rules/adadelta.hpp"
#include "engine/optimizers/rules/adagrad.hpp"
#include "engine/optimizers/rules/adam.hpp"
#include "engine/optimizers/rules/centered_rmsprop.hpp"
#include "engine/optimizers/rules/list.hpp"
#include "engine/optimizers/rules/rmsprop.hpp"
#include "engine/optimizers/rules/sgd.hpp"
