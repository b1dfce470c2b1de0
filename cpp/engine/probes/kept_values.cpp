#include "engine/probes/kept_values.hpp"

namespace deepgen {
KeptValues::KeptValues(const Network<double> &network, std::size_t limit)
    : network_(network), limit_(limit), value_bytes_(0), delta_bytes_(Deltas(network, 1).bytes()) {
    for (std::size_t l = 0; l < network.layers().size(); ++l)
        value_bytes_ += LayerValues<double>(network, l, 1, 1).bytes();
}

std::size_t KeptValues::bytes_of(const KeptChunk &chunk) const {
    return as_size(chunk.n_rows) * (value_bytes_ + (chunk.deltas ? delta_bytes_ : 0));
}

void KeptChunk::stands(const Point &point, Index team, bool with_deltas) {
    if (values.empty())
        return;
    if (values_point != point.number())
        team_size = team;
    values_point = point.number();
    if (with_deltas && deltas)
        deltas_point = point.number();
}

KeptChunk KeptValues::take(const Point &point, Index first, Index n_rows, Index team_size,
                           Wish wish) {
    if (limit_ == 0 || network_.has_front())
        return {};
    KeptChunk chunk;
    {
        const std::lock_guard lock(mutex_);
        const auto found = chunks_.find(first);
        if (found != chunks_.end() &&
            (wish != Wish::nothing || found->second.values_point == point.number())) {
            chunk = std::move(found->second);
            chunks_.erase(found);
        }
        // Other cuts, or more threads: a norm has memory for each thread.
        if (chunk.n_rows != n_rows || chunk.team_size < team_size) {
            bytes_ -= bytes_of(chunk);
            chunk = {};
        }
    }
    if (wish == Wish::nothing)
        return chunk;
    if (chunk.values.empty()) {
        if (!reserve(as_size(n_rows) * value_bytes_))
            return {};
        chunk.n_rows = n_rows;
        chunk.team_size = team_size;
        for (std::size_t l = 0; l < network_.layers().size(); ++l)
            chunk.values.emplace_back(network_, l, n_rows, team_size);
    }
    if (wish == Wish::values_and_deltas && !chunk.deltas && reserve(as_size(n_rows) * delta_bytes_))
        chunk.deltas.emplace(network_, n_rows);
    return chunk;
}

bool KeptValues::reserve(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > limit_)
        return false;
    bytes_ += bytes;
    return true;
}

void KeptValues::put(Index first, KeptChunk chunk) {
    if (chunk.values.empty())
        return;
    const std::lock_guard lock(mutex_);
    const std::size_t size = bytes_of(chunk);
    if (!chunks_.try_emplace(first, std::move(chunk)).second)
        bytes_ -= size; // another measurement was there before
}

std::size_t KeptValues::bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
}

} // namespace deepgen
