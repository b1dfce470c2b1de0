// What a network is made of: plain data, made once, never edited.
//
// Layers l = 0 .. L-1, the last one the output layer; a_{-1} = X, or what the front makes of X
// (front_layout.hpp).
//   z_l = a_{l-1} W_l + b_l, W_l made of the trained numbers by the reparametrization
//   h_l = dropout(activation(normalization(z_l)))
//   a_l = h_l, or what its skip makes of h_l and a_{skip_from}
//
// A skip that acts before the normalization takes dropout(z_l) for its branch, and its result is
// the layer's z_l from there on. branch_drop drops the whole branch of a row in training.

#pragma once

#include "engine/embeddings/embedding.hpp"

#include <string>
#include <vector>

namespace deepgen {

inline constexpr Index no_skip = -1;

struct LayerSpec {
    Index width;
    std::string activation = "relu"; // 'parametric_relu': with a trained slope of each unit
    Component normalization{"none", {}};
    Index skip_from = no_skip; // an earlier layer of the same width, whose output is carried here
    double dropout = 0.0;
    Component reparametrization{"none", {}};
    Component skip{"residual", {}}; // how the two meet
    double branch_drop = 0.0;
};

struct NetworkSpec {
    Index n_inputs;
    std::vector<LayerSpec> layers;
    Component loss{"squared_error", {}};
    bool bias = true;
    std::vector<EmbeddingSpec> embeddings = {};
    bool input_scale = false; // a trained factor for each input of layer 0

    [[nodiscard]] bool has_front() const { return !embeddings.empty() || input_scale; }

    // Refuses what cannot be built, naming the layer.
    void check() const;

    // The same network whose weights are trained as they are.
    NetworkSpec plain() const;
    // For prediction only: also without batch norm, whose frozen form is affine and goes into the
    // product, without dropout and without input scale.
    NetworkSpec folded() const;
};

} // namespace deepgen
