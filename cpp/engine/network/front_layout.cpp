// The blocks of the front: those of each embedding over all its features, then the input scale.

#include "engine/network/front_layout.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace deepgen {

FrontLayout::FrontLayout(const NetworkSpec &spec, Index &offset, std::vector<Block> &blocks)
    : width(spec.n_inputs), kept(as_size(spec.n_inputs)), begin(offset) {
    std::iota(kept.begin(), kept.end(), Index{0});
    for (const EmbeddingSpec &embedding : spec.embeddings) {
        const EmbeddingEntry &member =
            find_member("embedding", embeddings(), embedding.member.name);
        if (!member.keeps_feature)
            std::erase_if(kept, [&](Index feature) {
                return std::ranges::binary_search(embedding.features, feature);
            });
    }
    width = static_cast<Index>(kept.size());
    for (const EmbeddingSpec &embedding : spec.embeddings) {
        const Index number = embedding_number(embedding.member.name);
        const EmbeddingEntry &member = *embeddings()[as_size(number)];
        const Settings settings(embedding.member, member.parameters);
        const std::size_t first = features.size();
        std::vector<std::vector<MapBlock>> parts; // of each feature
        for (std::size_t i = 0; i < embedding.features.size(); ++i) {
            const MapShape shape = member.shape(settings, embedding.constants_of(i));
            parts.push_back(member.blocks(shape));
            features.push_back({.member = number,
                                .shape = shape,
                                .feature = embedding.features[i],
                                .column = width,
                                .n_numbers = 0,
                                .constants = embedding.constants_of(i),
                                .runs = {}});
            width += shape.n_outputs;
        }
        for (std::size_t b = 0; b < parts.front().size(); ++b) {
            Block block{std::string(parts.front()[b].kind),
                        Block::in_front,
                        offset,
                        0,
                        parts.front()[b].columns,
                        true};
            for (std::size_t i = 0; i < parts.size(); ++i) {
                const MapBlock &own = parts[i][b];
                FrontFeature &feature = features[first + i];
                const Index n = own.rows * own.columns;
                feature.runs.push_back({std::exchange(offset, offset + n),
                                        std::exchange(feature.n_numbers, feature.n_numbers + n),
                                        n});
                block.rows += own.rows;
            }
            blocks.push_back(std::move(block));
        }
    }
    if (spec.input_scale) {
        input_scale = std::exchange(offset, offset + width);
        blocks.push_back({"input_scale", Block::in_front, input_scale, 1, width, true});
    }
    size = offset - begin;
}

} // namespace deepgen
