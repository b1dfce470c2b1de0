// A list of work that a team shares out. Items do not depend on the team; only who does which does.

#pragma once

#include "engine/core/parallel.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace deepgen {

template <class Item>
class SharedItems {
  public:
    void append(const Item &item, double cost) {
        items_.push_back(item);
        cost_before_.push_back(cost_before_.back() + cost);
    }

    const std::vector<Item> &items() const { return items_; }
    double cost() const { return cost_before_.back(); }

    // The items of one thread: contiguous, of equal cost.
    [[nodiscard]] IndexRange share(const Team &team) const {
        const auto item_at = [&](Index rank) {
            const double before =
                cost() * static_cast<double>(rank) / static_cast<double>(team.size);
            const Index item =
                std::ranges::lower_bound(cost_before_, before) - cost_before_.begin();
            return std::min(item, static_cast<Index>(items_.size()));
        };
        return {item_at(team.rank), item_at(team.rank + 1)};
    }

    [[nodiscard]] std::span<const Item> of(const Team &team) const {
        const IndexRange own = share(team);
        return std::span(items_).subspan(as_size(own.begin), as_size(own.end - own.begin));
    }

    // Calls visit(item, number) for this thread's.
    template <class Visit>
    void for_each(const Team &team, Visit visit) const {
        const IndexRange own = share(team);
        for (Index number = own.begin; number < own.end; ++number)
            visit(items_[as_size(number)], number);
    }

  private:
    std::vector<Item> items_;
    std::vector<double> cost_before_{0.0}; // of the items before each; the last entry is the whole
};

} // namespace deepgen
