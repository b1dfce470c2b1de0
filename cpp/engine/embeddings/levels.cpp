// What an embedding of categories is asked for and what it trains; its kernels are in levels.hpp.

#include "engine/embeddings/embedding.hpp"

#include <cmath>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "size", .value = 8.0, .low = 1.0, .high = 256.0, .integer = true},
};
constexpr double most_levels = 16777216.0; // that float32 tells apart

MapShape shape(const Settings &settings, std::span<const double> constants) {
    require(constants.size() == 1 && constants[0] >= 1.0 && constants[0] <= most_levels &&
                constants[0] == std::floor(constants[0]),
            "the embedding 'levels' needs the number of levels of each feature, at most ",
            most_levels);
    return {static_cast<Index>(constants[0]), static_cast<Index>(settings["size"])};
}

std::vector<MapBlock> blocks(MapShape shape) {
    return {{"embedding_levels", shape.n_hidden, shape.n_outputs}};
}

double cost(MapShape shape) {
    return 4.0 * static_cast<double>(shape.n_outputs);
}

} // namespace

constexpr EmbeddingEntry embedding::levels = {
    .name = "levels",
    .parameters = parameters,
    .keeps_feature = false,
    .shape = shape,
    .blocks = blocks,
    .cost = cost,
};

} // namespace deepgen
