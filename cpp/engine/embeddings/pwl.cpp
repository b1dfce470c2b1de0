// What a piecewise linear embedding is asked for and what it trains; its formulas and kernels are
// in pwl.hpp.

#include "engine/embeddings/embedding.hpp"

#include <cmath>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "size", .value = 4.0, .low = 2.0, .high = 256.0, .integer = true},
};

MapShape shape(const Settings &settings, std::span<const double> edges) {
    require(edges.size() >= 2, "the embedding 'pwl' needs at least two edges for each feature");
    for (std::size_t k = 0; k < edges.size(); ++k)
        require(std::isfinite(edges[k]) &&
                    (k == 0 || static_cast<float>(edges[k - 1]) < static_cast<float>(edges[k])),
                "the edges of the embedding 'pwl' must be finite and rise");
    return {static_cast<Index>(edges.size()) - 1, static_cast<Index>(settings["size"]) - 1};
}

std::vector<MapBlock> blocks(MapShape shape) {
    return {{"embedding_weights", shape.n_hidden, shape.n_outputs},
            {"embedding_intercepts", 1, shape.n_outputs}};
}

double cost(MapShape shape) {
    return static_cast<double>(shape.n_hidden * (6 + shape.n_outputs));
}

} // namespace

constexpr EmbeddingEntry embedding::pwl = {
    .name = "pwl",
    .parameters = parameters,
    .keeps_feature = true,
    .shape = shape,
    .blocks = blocks,
    .cost = cost,
};

} // namespace deepgen
