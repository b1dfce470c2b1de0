// A step of training as stages between which all who take part have met.

#pragma once

#include "cuda/ascent.cuh"
#include "cuda/operations.cuh"

namespace deepgen::cuda {

// A step is a list of stages. Between two of them all blocks that work on the run have met.
enum class StageKind {
    rows,      // some operations on whole rows
    tiles,     // one operation, a product, by its rows and columns
    join,      // statistics of the batch norm of a layer
    join_back, // the same on the way back
    direction, // gradients at the weights, as the direction of an ascent
    ascent,    // how far uphill, by one thread
    climb,     // to the point uphill
    total,     // gradients with L2; from a point uphill, the weights go back
    clip,      // how much of the gradient's length is left, by one thread
    descend,   // gradients unless they stand, their squares, the rule
    report,    // by one thread
};

// Who shares a stage's work.
enum class Sharing { by_rows, by_tiles, by_columns, by_tasks, alone };

struct Stage {
    StageKind kind;
    bool again;       // the second evaluation of a step
    Range operations; // of rows or tiles; of a join the one that it comes after
    int columns;      // of tiles and joins

    DEEPGEN_ANYWHERE Sharing sharing() const {
        switch (kind) {
        case StageKind::rows:
            return Sharing::by_rows;
        case StageKind::tiles:
            return Sharing::by_tiles;
        case StageKind::join:
        case StageKind::join_back:
            return Sharing::by_columns;
        case StageKind::direction:
        case StageKind::climb:
        case StageKind::total:
        case StageKind::descend:
            return Sharing::by_tasks;
        default:
            return Sharing::alone;
        }
    }
};

// What a launch knows of one run.
struct Slice {
    Net net;
    Data data;
    Memory memory; // global; placement.cuh puts some of it into shared memory
    const std::int64_t *order;
    std::uint64_t dropout_key, branch_key;
    int n_stages;
    const Stage *stages; // of a step
    const Operation *operations;
    int n_steps;
    const Step *steps;
    DeepgenReport *reports;
    Sizes sizes;
    int shared; // how much of the memory is shared: placement.cuh
};

__device__ inline Batch batch_of(const Slice &slice, const Memory &memory, const Step &step,
                                 bool again) {
    return {.net = slice.net,
            .memory = memory,
            .data = slice.data,
            .order = slice.order,
            .first = step.first,
            .n_rows = step.n_rows,
            .training = true,
            .moves_running = !again,
            .weight_sum = step.weight_sum,
            .penalty = step.penalty,
            .dropout = step.dropout,
            .dropout_key = slice.dropout_key,
            .branch_key = slice.branch_key};
}

// What a block has of a stage: rows, columns, a tile of both, or tasks with their segments.
struct Share {
    Rows rows;
    Range columns;
    Range tasks, segments;
};

inline constexpr int tile_rows_of_block = 128; // of a stage of tiles
inline constexpr int task_rows_of_block = 64;  // as many as a task has at most

DEEPGEN_ANYWHERE inline int n_pieces(int n, int piece) {
    return (n + piece - 1) / piece;
}

// Tiles with the same rows follow one another.
__device__ inline Share tile_of(int columns, int number, int n_rows) {
    const int across = n_pieces(columns, slab_columns);
    const int row = number / across * tile_rows_of_block, column = number % across * slab_columns;
    return {.rows = {row, min(row + tile_rows_of_block, n_rows)},
            .columns = {column, min(column + slab_columns, columns)},
            .tasks = {},
            .segments = {}};
}

__device__ inline void stop(const Slice &slice, Totals &totals, double loss) {
    slice.reports[totals.step] = {
        .finite = 0, .loss = loss, .gradient_squares = 0.0, .weight_squares = 0.0};
    totals.stopped = 1;
}

// How far the ascent goes, or that there is none: the loss at the weights was not finite.
__device__ inline void ascent_stage(const Slice &slice, const Batch &batch) {
    Totals &totals = *batch.memory.totals;
    totals.loss = batch_loss(batch);
    if (isfinite(totals.loss))
        find_ascent(batch);
    else
        stop(slice, totals, totals.loss);
}

// What of the gradient's length is left.
__device__ inline void clip_stage(const Batch &batch) {
    const double squares = total_of_chunks(batch, 0);
    Totals &totals = *batch.memory.totals;
    totals.factor =
        static_cast<float>(fmin(1.0, batch.net.wrappers.limit / (sqrt(squares) + 1e-6)));
    if (!batch.net.wrappers.ascends)
        totals.gradient_squares = squares;
}

__device__ inline void report_stage(const Slice &slice, const Batch &batch) {
    const Wrappers &wrappers = batch.net.wrappers;
    Totals &totals = *batch.memory.totals;
    const double loss = batch_loss(batch);
    if (!isfinite(loss)) {
        stop(slice, totals, loss);
        return;
    }
    slice.reports[totals.step] = {.finite = 1,
                                  .loss = wrappers.ascends ? totals.loss : loss,
                                  .gradient_squares = wrappers.ascends || wrappers.clips
                                                          ? totals.gradient_squares
                                                          : total_squares(batch, 0),
                                  .weight_squares = total_squares(batch, 1)};
    totals.begun = true;
    ++totals.step;
}

// Gradients with L2 in them, at the weights that training goes on from.
template <class Workers>
__device__ void total_stage(Workers &crew, const Batch &batch, const Share &share) {
    const bool finite = isfinite(batch_loss(batch));
    const auto put = [&](int i, float g) { batch.memory.gradient[i] = g; };
    if (finite) {
        gradients(crew, batch, share.tasks);
        store_total_gradient(crew, batch, share.tasks, put);
    }
    if (!batch.net.wrappers.ascends)
        return;
    go_back(crew, batch, share.segments);
    if (!finite || !batch.net.wrappers.clips)
        return;
    // Clipping takes squares of a gradient that has its L2 already.
    store_total_gradient(crew, without_penalty(batch), share.tasks, put);
}

template <class Workers>
__device__ void descend_stage(Workers &crew, const Batch &batch, const Step &step,
                              const Share &share) {
    if (!isfinite(batch_loss(batch)))
        return;
    const Wrappers &wrappers = batch.net.wrappers;
    if (!wrappers.ascends && !wrappers.clips) {
        gradients(crew, batch, share.tasks);
        segment_squares(crew, batch, share.segments);
        update(crew, batch, step, share.segments);
        return;
    }
    const Real factor(batch.memory.totals->factor);
    if (wrappers.clips && factor < Real(1.0F)) {
        for_each_weight(crew, batch, share.segments, [&](const Segment &, int i) {
            batch.memory.gradient[i] = (factor * Real(batch.memory.gradient[i])).v;
        });
        crew.meet();
    }
    const Batch rest = without_penalty(batch);
    segment_squares(crew, rest, share.segments);
    update(crew, rest, step, share.segments);
}

// Stages of rows.
__device__ inline void run_rows(Crew &crew, const Slice &slice, const Batch &batch,
                                const Stage &stage, Rows rows) {
    for (int o = stage.operations.begin; o < stage.operations.end; ++o)
        operate(crew, batch, slice.operations[o], rows);
}

// Stages of tiles.
template <class Workers>
__device__ void run_tile(Workers &crew, const Slice &slice, const Batch &batch, const Stage &stage,
                         const Share &share) {
    const Operation &operation = slice.operations[stage.operations.begin];
    if (operation.kind == OperationKind::forward_product)
        forward_product(crew, batch, operation.layer, share.rows, share.columns);
    else
        backward_product(crew, batch, operation.layer, share.rows, share.columns);
}

// Stages of columns.
__device__ inline void run_columns(Crew &crew, const Slice &slice, const Batch &batch,
                                   const Stage &stage, Range columns) {
    const Layer &layer = batch.layer(slice.operations[stage.operations.begin].layer);
    if (stage.kind == StageKind::join)
        join_moments(crew, batch, layer, columns);
    else
        join_gradient_sums(crew, batch, layer, columns);
}

// Stages of tasks.
template <class Workers>
__device__ __forceinline__ void run_tasks(Workers &crew, const Batch &batch, const Step &step,
                                          const Stage &stage, const Share &share) {
    switch (stage.kind) {
    case StageKind::direction:
        if (isfinite(batch_loss(batch))) {
            gradients(crew, batch, share.tasks);
            store_direction(crew, batch, share.tasks);
        }
        break;
    case StageKind::climb:
        ascend(crew, batch, share.segments);
        break;
    case StageKind::total:
        total_stage(crew, batch, share);
        break;
    default:
        descend_stage(crew, batch, step, share);
        break;
    }
}

// Stages of one thread.
__device__ inline void run_alone(Crew &crew, const Slice &slice, const Batch &batch,
                                 const Stage &stage) {
    crew.meet(); // all have seen the totals that it may change
    if (crew.rank() > 0)
        return;
    switch (stage.kind) {
    case StageKind::ascent:
        ascent_stage(slice, batch);
        break;
    case StageKind::clip:
        clip_stage(batch);
        break;
    default:
        report_stage(slice, batch);
        break;
    }
}

// The step that the run is at; null once the slice has been trained.
__device__ inline const Step *step_of(const Slice &slice, const Memory &memory) {
    const Totals &totals = *memory.totals;
    return totals.stopped || totals.step >= slice.n_steps ? nullptr : &slice.steps[totals.step];
}

} // namespace deepgen::cuda
