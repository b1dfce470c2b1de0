// A net of two layers, packed as the engine packs it, of which the last is tested. The first has a
// single input, and as many units as the other takes.

#pragma once

#include "case.hpp"
#include "cuda/layout.cuh"

#include <algorithm>

namespace deepgen::cuda {

class SmallNet {
  public:
    explicit SmallNet(const Case &given) {
        append_layer(1, given.inputs);
        append_layer(given.inputs, given.outputs);
        for (int l = 1; l >= 0; --l)
            append_tasks(l);
        // The first ends within a chunk.
        stretches_ = {{(n_weights_ / 2 + lanes / 2) / lanes * lanes, 0}, {n_weights_, 1}};
    }

    DeepgenLayer &below() { return layers_[0]; }
    DeepgenLayer &own() { return layers_[1]; }

    DeepgenNet of_abi() const {
        DeepgenNet net{};
        net.n_inputs = 1;
        net.n_layers = std::ssize(layers_);
        net.layers = layers_.data();
        net.n_weights = n_weights_;
        net.n_tasks = std::ssize(tasks_);
        net.tasks = tasks_.data();
        net.n_stretches = std::ssize(stretches_);
        net.stretches = stretches_.data();
        net.n_factors = 2;
        return net;
    }

  private:
    void append_layer(int n_inputs, int width) {
        DeepgenLayer layer{};
        layer.n_inputs = n_inputs;
        layer.width = width;
        layer.narrow = width <= 4;
        layer.transposes = !layer.narrow;
        layer.has_bias = 1;
        layer.identity = 1;
        layer.momentum = 0.1;
        layer.epsilon = 1e-5;
        layer.coefs = n_weights_;
        layer.intercepts = layer.coefs + padded(n_inputs) * (layer.narrow ? width : padded(width));
        layer.scale = layer.intercepts + padded(width);
        layer.shift = layer.scale + padded(width);
        layer.slope = layer.shift + padded(width);
        layer.n_vectors = 4 * padded(width);
        n_weights_ = layer.intercepts + layer.n_vectors;
        layers_.push_back(layer);
    }

    void append_tasks(int l) {
        constexpr std::int64_t task_rows = 4 * lanes, task_panels = 8;
        const DeepgenLayer &layer = layers_[static_cast<std::size_t>(l)];
        const std::int64_t n_inputs = padded(layer.n_inputs), width = padded(layer.width);
        tasks_.push_back({DEEPGEN_VECTORS, l, 0, 0, 0, width, layer.intercepts, layer.n_vectors});
        if (layer.narrow) {
            const std::int64_t step = layer.width == 1 ? task_panels * panel : panel;
            for (std::int64_t column = 0; column < n_inputs; column += step) {
                const std::int64_t columns = std::min(step, n_inputs - column);
                tasks_.push_back({DEEPGEN_NARROW, l, 0, layer.width, column, columns,
                                  layer.coefs + column * layer.width, layer.width * columns});
            }
            return;
        }
        for (std::int64_t column = 0; column < width; column += panel)
            for (std::int64_t row = 0; row < n_inputs; row += task_rows) {
                const std::int64_t columns = std::min<std::int64_t>(panel, width - column);
                const std::int64_t rows = std::min(task_rows, n_inputs - row);
                tasks_.push_back({DEEPGEN_TILE, l, row, rows, column, columns,
                                  layer.coefs + column * n_inputs + row * columns, rows * columns});
            }
    }

    std::vector<DeepgenLayer> layers_;
    std::vector<DeepgenTask> tasks_;
    std::vector<DeepgenStretch> stretches_;
    std::int64_t n_weights_ = 0;
};

} // namespace deepgen::cuda
