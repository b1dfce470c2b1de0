#pragma once

#include "engine/optimizers/adam.hpp"
#include "engine/optimizers/list.hpp"
#include "engine/optimizers/sgd.hpp"
