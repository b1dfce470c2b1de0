// Partners by the shuffle of Fisher and Yates, batch by batch.

#include "engine/devices/mixup.hpp"

#include "engine/core/distributions.hpp"

#include <numeric>

namespace deepgen {

void Mixup::begin_epoch(double a, std::uint64_t key, std::span<const Index> batch_ends,
                        FunctionRef<bool(Index)> weighs) {
    partners_.resize(as_size(batch_ends.back()));
    shares_.resize(batch_ends.size());
    std::vector<Index> rows;
    Index first = 0;
    for (std::size_t batch = 0; batch < batch_ends.size(); ++batch) {
        const Index end = batch_ends[batch];
        const std::uint64_t batch_key = random::child(key, batch);
        shares_[batch] = random::symmetric_beta(a, random::child(batch_key, 0));
        Index *const partners = partners_.data() + first;
        std::iota(partners, partners + (end - first), Index{0});
        rows.clear();
        for (Index i = 0; i < end - first; ++i)
            if (weighs(first + i))
                rows.push_back(i);
        for (std::size_t i = rows.size(); i-- > 1;)
            std::swap(partners[rows[i]], partners[rows[random::below(i + 1, batch_key, i)]]);
        first = end;
    }
}

} // namespace deepgen
