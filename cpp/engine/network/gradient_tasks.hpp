// Phase 2 as a list of tasks: each computes the gradient of some weights, on one thread.
//
// The tasks do not depend on the team; only their distribution over threads does. The sum over the
// batch of each weight is one loop in one task.

#pragma once

#include "engine/core/shared_items.hpp"
#include "engine/network/layout.hpp"

#include <algorithm>
#include <span>

namespace deepgen {

// Packed weights whose gradient is computed in one go.
struct GradientTask {
    enum class Kind {
        tile,        // some rows of one panel of W
        narrow,      // some of W^T of a narrow layer; rows are outputs and columns inputs
        sparse_rows, // some rows of all panels of the first W, from CSR inputs
        vectors,     // bias, scale and shift of a layer
        embedding,   // the numbers of some embedded features; rows are features
        input_scale,
    } kind;
    Index layer;
    Index row, n_rows;     // of W
    Index column, columns; // of W
    Index first_chunk;     // number of the first of its chunks of packed weights
    double cost;           // multiply-adds for each row of the batch

    // Is it of a matrix of a layer, on which L2 and decay act?
    bool of_matrix() const {
        return kind == Kind::tile || kind == Kind::narrow || kind == Kind::sparse_rows;
    }
};

// Calls with (offset, length) of each chunk of packed weights that a task is made of.
template <class T, class Function>
void for_each_chunk(const PackedLayout<T> &packed, const GradientTask &task, Function function) {
    const PackedLayer &layer = packed.layers()[as_size(task.layer)];
    switch (task.kind) {
    case GradientTask::Kind::tile:
    case GradientTask::Kind::sparse_rows:
        for (Index column = task.column; column < task.column + task.columns;) {
            const Index width = packed.panel_width(column, layer.width);
            function(layer.coefs + column * layer.n_inputs + task.row * width, task.n_rows * width);
            column += width;
        }
        break;
    case GradientTask::Kind::narrow:
        function(layer.coefs + task.column * task.n_rows, task.n_rows * task.columns);
        break;
    case GradientTask::Kind::vectors:
        function(layer.intercepts, layer.n_vectors);
        break;
    case GradientTask::Kind::embedding: {
        const Index first = packed.feature_offset(as_size(task.row));
        function(first, packed.feature_offset(as_size(task.row + task.n_rows)) - first);
        break;
    }
    case GradientTask::Kind::input_scale:
        function(packed.input_scale(), padded<T>(task.columns));
        break;
    }
}

template <class T>
class GradientTasks {
  public:
    // Rows of W in one task: enough tiles to pay for a call, few enough that their gradient stays
    // in the nearest cache until the optimizer has used it.
    static constexpr Index task_rows = 4 * lane_pad<T>;
    // The same for CSR inputs, of which each task walks all rows: their gradient may fill part of
    // the second cache.
    static Index sparse_task_rows(Index columns) {
        constexpr Index size = 262144 / static_cast<Index>(sizeof(T));
        return std::max(task_rows, size / columns / lane_pad<T> * lane_pad<T>);
    }

    // Numbers of embedded features in one task: few, so that threads can share them, and enough for
    // a call of the optimizer.
    static constexpr Index task_numbers = 32 * lane_pad<T>;

    // Panels in one task of a layer of a single output.
    static constexpr Index task_panels = 8;
    static_assert(task_panels <= task_rows); // the gradient of any task fits one buffer

    GradientTasks(const PackedLayout<T> &packed, bool dense_inputs);

    const std::vector<GradientTask> &tasks() const { return tasks_.items(); }
    Index n_weight_chunks() const { return n_weight_chunks_; }
    double cost() const { return tasks_.cost(); }

    // The tasks of one thread: contiguous, of equal cost.
    IndexRange share(const Team &team) const { return tasks_.share(team); }
    std::span<const GradientTask> tasks_of(const Team &team) const { return tasks_.of(team); }

  private:
    void append(GradientTask task, Index n_chunks);
    void append_front(const PackedLayout<T> &packed);

    SharedItems<GradientTask> tasks_;
    Index n_weight_chunks_ = 0;
};

} // namespace deepgen
