// The work of phase 2: the gradient of all weights in items that one thread does alone.
//
// Items do not depend on the team; only who does which does. Each weight's sum over the batch is
// one loop in one item.

#pragma once

#include "engine/core/shared_items.hpp"
#include "engine/network/layout.hpp"

#include <algorithm>

namespace deepgen {

// A chunk of packed weights whose gradient is computed in one go.
struct WorkItem {
    enum class Kind {
        tile,        // some rows of one panel of W
        narrow,      // some of W^T of a narrow layer; rows are outputs and columns inputs
        sparse_rows, // some rows of all panels of the first W, from CSR inputs
        vectors,     // bias, scale and shift of a layer
    } kind;
    Index layer;
    Index row, n_rows;     // of W
    Index column, columns; // of W
    Index first_chunk;     // number of the first of its chunks of packed weights
    double cost;           // multiply-adds for each row of the batch
};

template <class T>
class Work {
  public:
    // Rows of W in one item: enough tiles to pay for a call, few enough that their gradient stays
    // in the nearest cache until the optimizer has used it.
    static constexpr Index item_rows = 4 * lane_pad<T>;
    // The same for CSR inputs, of which each item walks all rows: their gradient may fill part of
    // the second cache.
    static Index sparse_item_rows(Index columns) {
        constexpr Index size = 262144 / static_cast<Index>(sizeof(T));
        return std::max(item_rows, size / columns / lane_pad<T> * lane_pad<T>);
    }

    // Panels in one item of a layer of a single output.
    static constexpr Index item_panels = 8;
    static_assert(item_panels <= item_rows); // the gradient of any item fits one buffer

    Work(const PackedLayout<T> &packed, Index panel, bool dense_inputs);

    const std::vector<WorkItem> &items() const { return items_.items(); }
    Index n_weight_chunks() const { return n_weight_chunks_; }
    double cost() const { return items_.cost(); }

    // The items of one thread: contiguous, of equal cost.
    Share share(const Team &team) const { return items_.share(team); }

  private:
    void append(WorkItem item, Index n_chunks);

    SharedItems<WorkItem> items_;
    Index n_weight_chunks_ = 0;
};

} // namespace deepgen
