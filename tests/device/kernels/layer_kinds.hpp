// What a layer of an activation does where, as the engine plans it.

#pragma once

#include "small_net.hpp"
#include "world.hpp"

namespace deepgen::cuda {

inline constexpr int relu_number = 1; // in activations/list.hpp

inline void set_activation(DeepgenLayer &layer, int number, bool has_slope) {
    layer.activation = number;
    layer.identity = number == 0 && !has_slope;
    layer.has_slope = has_slope;
    layer.from_output = !has_slope && path_kernels().activations[as_size(number)].from_output;
    const bool relu = number == relu_number && !has_slope;
    const bool has_norm = layer.normalization != DEEPGEN_NO_NORM;
    layer.relu_in_product = relu && !has_norm && layer.skip != DEEPGEN_DEEPNORM;
    layer.relu_in_normalization = relu && has_norm;
    layer.masked = relu && layer.skip == DEEPGEN_NO_SKIP;
    layer.keeps_value = !layer.identity && (!layer.from_output || layer.skip != DEEPGEN_NO_SKIP);
}

} // namespace deepgen::cuda
