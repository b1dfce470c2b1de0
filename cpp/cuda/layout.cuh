// The net of the ABI as the kernels want it, and the places of a batch's numbers.

#pragma once

#include "cuda/device_array.cuh"
#include "cuda/net.cuh"

#include <algorithm>
#include <limits>

namespace deepgen::cuda {

// Offsets on the device are ints.
inline int as_int(std::int64_t n) {
    constexpr std::int64_t most = std::numeric_limits<int>::max();
    if (n > most)
        throw Failure{DEEPGEN_NO_MEMORY, std::to_string(n) + " numbers are wanted in one array, " +
                                             std::to_string(most) + " can be counted"};
    return static_cast<int>(n);
}
inline int padded(std::int64_t n) {
    return as_int((n + lanes - 1) / lanes * lanes);
}

inline Layer layer_of(const DeepgenLayer &given) {
    return {.n_inputs = as_int(given.n_inputs),
            .width = as_int(given.width),
            .padded_inputs = padded(given.n_inputs),
            .padded_width = padded(given.width),
            .coefs = as_int(given.coefs),
            .intercepts = as_int(given.intercepts),
            .scale = as_int(given.scale),
            .shift = as_int(given.shift),
            .slope = as_int(given.slope),
            .transposed = 0,
            .narrow = given.narrow != 0,
            .transposes = given.transposes != 0,
            .has_bias = given.has_bias != 0,
            .has_slope = given.has_slope != 0,
            .activation = given.activation,
            .from_output = given.from_output != 0,
            .relu_in_product = given.relu_in_product != 0,
            .relu_in_normalization = given.relu_in_normalization != 0,
            .masked = given.masked != 0,
            .keeps_value = given.keeps_value != 0,
            .identity = given.identity != 0,
            .normalization = given.normalization,
            .momentum = given.momentum,
            .epsilon = given.epsilon,
            .skip = given.skip,
            .skip_from = given.skip_from,
            .is_added = false,
            .carried_is_new = false,
            .skip_alpha = static_cast<float>(given.skip_alpha),
            .dropout = given.dropout,
            .branch_drop = given.branch_drop,
            .stride = padded(given.width),
            .output = 0,
            .gradients = 0,
            .value = 0,
            .lifted = 0,
            .standardized = 0,
            .inverse_std = 0,
            .sums = 0,
            .squares = 0,
            .running = 0};
}

// Numbers of W^T with the gaps of its panels.
inline int transposed_size(const Layer &layer) {
    const int n_panels = (layer.padded_inputs + panel - 1) / panel;
    return (layer.padded_inputs + n_panels * transposed_gap) * layer.padded_width;
}

// What is made once of a net.
struct Layout {
    explicit Layout(const DeepgenNet &given) {
        for (std::int64_t l = 0; l < given.n_layers; ++l) {
            Layer layer = layer_of(given.layers[l]);
            layer.transposed = n_transposed;
            if (layer.transposes)
                n_transposed += transposed_size(layer);
            layer.running = n_running;
            if (layer.normalization == DEEPGEN_BATCH_NORM)
                n_running += 2 * layer.stride;
            layers.push_back(layer);
        }
        for (std::int64_t t = 0; t < given.n_tasks; ++t) {
            const DeepgenTask &task = given.tasks[t];
            tasks.push_back({task.kind,
                             task.layer,
                             as_int(task.row),
                             as_int(task.n_rows),
                             as_int(task.column),
                             as_int(task.columns),
                             as_int(task.offset),
                             as_int(task.n),
                             {as_int(segments.size()), 0}});
            break_up(given, task);
            tasks.back().segments.end = as_int(segments.size());
        }
        // Who writes gradients first where outputs are carried on.
        const auto is_added = [&](int layer, std::size_t from) {
            return std::any_of(layers.begin() + static_cast<std::ptrdiff_t>(from), layers.end(),
                               [&](const Layer &later) {
                                   return later.skip != DEEPGEN_NO_SKIP && later.skip_from == layer;
                               });
        };
        for (std::size_t l = 0; l < layers.size(); ++l) {
            layers[l].is_added = is_added(as_int(l), l + 1);
            layers[l].carried_is_new = !is_added(layers[l].skip_from, l + 1);
        }
    }

    // Places of the numbers of a batch of so many rows.
    Sizes place_batch(int n_rows, int input_stride) {
        int next = 0, next_sum = 0;
        const auto take = [](int &from, std::int64_t n) {
            return std::exchange(from, as_int(from + n));
        };
        take(next, std::int64_t{n_rows} * input_stride);
        const int n_blocks = (n_rows + row_block - 1) / row_block;
        for (Layer &layer : layers) {
            const std::int64_t n = std::int64_t{n_rows} * layer.stride;
            layer.output = take(next, n);
            layer.gradients = take(next, n);
            layer.value = layer.keeps_value ? take(next, n) : layer.output;
            if (layer.has_slope)
                layer.lifted = take(next, n);
            if (layer.normalization == DEEPGEN_NO_NORM)
                continue;
            layer.standardized = take(next, n);
            layer.inverse_std =
                take(next, std::max(padded(n_rows), n_column_vectors * layer.stride));
            layer.sums = take(next_sum, std::int64_t{n_blocks} * layer.stride);
            layer.squares = take(next_sum, std::int64_t{n_blocks} * layer.stride);
        }
        return {.n_rows = n_rows, .batch = next, .sums = next_sum};
    }

    std::vector<Layer> layers;
    std::vector<Task> tasks;
    std::vector<Segment> segments;
    int n_transposed = 0, n_running = 0;

  private:
    // A chunk of the gradient is broken where the factor of the rate changes.
    void break_up(const DeepgenNet &given, const DeepgenTask &task) {
        std::int64_t begin = task.offset;
        for (std::int64_t s = 0; s < given.n_stretches; ++s) {
            const std::int64_t end = std::min(given.stretches[s].end, task.offset + task.n);
            if (end <= begin)
                continue;
            segments.push_back({.task = as_int(tasks.size()) - 1,
                                .offset = as_int(begin),
                                .n = as_int(end - begin),
                                .factor = given.stretches[s].factor,
                                .begins_chunk = begin == task.offset});
            begin = end;
        }
    }
};

} // namespace deepgen::cuda
