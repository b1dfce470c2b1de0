// Embeddings as a network asks for them, and their catalog: what is the same on every SIMD path.
// The kernels of a member stand in the header of its name, which paths alone include.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/embeddings/list.hpp"
#include "engine/kernels/views.hpp"

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

// Numbers that are trained for one feature, (rows, columns), one block after the other.
struct MapBlock {
    std::string_view kind;
    Index rows, columns;
};

struct EmbeddingEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool keeps_feature; // the feature itself stands beside its columns
    // From the settings and what is fixed for a feature; refuses what does not fit.
    MapShape (*shape)(const Settings &, std::span<const double> constants);
    std::vector<MapBlock> (*blocks)(MapShape);
    // Multiply-adds that take as long as the map of one value, there and back.
    double (*cost)(MapShape);
};

namespace embedding {
#define DEEPGEN_MEMBER(type, name) extern const EmbeddingEntry name;
DEEPGEN_EMBEDDINGS(DEEPGEN_MEMBER)
#undef DEEPGEN_MEMBER
} // namespace embedding

// In the order of DEEPGEN_EMBEDDINGS.
std::span<const EmbeddingEntry *const> embeddings();

// The place of `name` in that order; refuses a name that is not there.
Index embedding_number(std::string_view name);

} // namespace deepgen
