// Embeddings as a network asks for them, and their catalog, the same on every SIMD path.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/kernels/kernel_table.hpp"

namespace deepgen {

// A member, and the features that it maps, each by numbers of its own.
struct EmbeddingSpec {
    Component member;
    std::vector<Index> features; // columns of X, rising
    // What is fixed for each feature; empty where the member needs nothing.
    std::vector<std::vector<double>> constants = {};

    [[nodiscard]] std::span<const double> constants_of(std::size_t feature) const {
        return constants.empty() ? std::span<const double>() : constants[feature];
    }
};

// In the order of DEEPGEN_EMBEDDINGS.
std::span<const EmbeddingKernels<double>> embeddings();

// The place of `name` in that order; refuses a name that is not there.
Index embedding_number(std::string_view name);

} // namespace deepgen
