// Every activation as code, for the kernels of one SIMD path. Whoever needs only the names includes
// catalog.hpp.

#pragma once

#include "engine/activations/elu.hpp"
#include "engine/activations/gelu.hpp"
#include "engine/activations/identity.hpp"
#include "engine/activations/leaky_relu.hpp"
#include "engine/activations/list.hpp"
#include "engine/activations/logistic.hpp"
#include "engine/activations/mish.hpp"
#include "engine/activations/relu.hpp"
#include "engine/activations/selu.hpp"
#include "engine/activations/silu.hpp"
#include "engine/activations/tanh.hpp"
