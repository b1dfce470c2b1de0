// The catalog of embeddings, read from the kernels that every machine has.

#include "engine/embeddings/embedding.hpp"

#include <algorithm>

namespace deepgen {

std::span<const EmbeddingKernels<double>> embeddings() {
    return kernels<double>("portable").embeddings;
}

Index embedding_number(std::string_view name) {
    const auto found = std::ranges::find(embeddings(), name, &EmbeddingKernels<double>::name);
    if (found != embeddings().end())
        return found - embeddings().begin();
    std::vector<std::string_view> names;
    for (const EmbeddingKernels<double> &member : embeddings())
        names.push_back(member.name);
    refuse("unknown embedding '", name, "'; known: ", joined(names));
}

} // namespace deepgen
