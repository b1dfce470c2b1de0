// The catalog of embeddings, generated from the list.

#include "engine/embeddings/embedding.hpp"

namespace deepgen {

std::span<const EmbeddingEntry *const> embeddings() {
    static constexpr const EmbeddingEntry *entries[] = {
#define MEMBER(type, name) &embedding::name,
        DEEPGEN_EMBEDDINGS(MEMBER)
#undef MEMBER
    };
    return entries;
}

Index embedding_number(std::string_view name) {
    const EmbeddingEntry &entry = find_member("embedding", embeddings(), name);
    Index number = 0;
    while (embeddings()[as_size(number)] != &entry)
        ++number;
    return number;
}

} // namespace deepgen
