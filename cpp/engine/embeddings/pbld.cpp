// What PBLD is asked for and what it trains; its formulas and kernels are in pbld.hpp.

#include "engine/embeddings/embedding.hpp"

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "n_frequencies", .value = 16.0, .low = 1.0, .high = 256.0, .integer = true},
    {.name = "size", .value = 4.0, .low = 2.0, .high = 256.0, .integer = true},
};

MapShape shape(const Settings &settings, std::span<const double> constants) {
    require(constants.empty(), "the embedding 'pbld' has no constants");
    return {static_cast<Index>(settings["n_frequencies"]),
            static_cast<Index>(settings["size"]) - 1};
}

std::vector<MapBlock> blocks(MapShape shape) {
    return {{"embedding_weights", shape.n_hidden, shape.n_outputs},
            {"embedding_intercepts", 1, shape.n_outputs},
            {"embedding_frequencies", 1, shape.n_hidden},
            {"embedding_phases", 1, shape.n_hidden}};
}

double cost(MapShape shape) {
    return static_cast<double>(shape.n_hidden * (24 + shape.n_outputs));
}

} // namespace

constexpr EmbeddingEntry embedding::pbld = {
    .name = "pbld",
    .parameters = parameters,
    .keeps_feature = true,
    .shape = shape,
    .blocks = blocks,
    .cost = cost,
};

} // namespace deepgen
