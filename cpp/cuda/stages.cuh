// The stages of a run's steps, made once of its net and its batch size.

#pragma once

#include "cuda/failure.cuh"
#include "cuda/slabs.cuh"
#include "cuda/step.cuh"

#include <algorithm>
#include <vector>

namespace deepgen::cuda {

struct Plan {
    std::vector<Operation> operations;
    std::vector<Stage> stages;
};

// What is wrapped around the rule, from the inside out.
inline Wrappers wrappers_of(const DeepgenNet &given) {
    Wrappers wrappers{};
    for (std::int64_t w = 0; w < given.n_wrappers; ++w) {
        const double *const settings = given.wrappers[w].settings;
        switch (given.wrappers[w].kind) {
        case DEEPGEN_CLIP_NORM:
            wrappers.clips = true;
            wrappers.limit = settings[0];
            break;
        case DEEPGEN_ASAM:
            wrappers.adaptive = true;
            wrappers.eta = settings[1];
            [[fallthrough]];
        case DEEPGEN_SAM:
            wrappers.ascends = true;
            wrappers.rho = settings[0];
            break;
        case DEEPGEN_EMA:
            wrappers.averages = true;
            wrappers.decay = settings[0];
            break;
        default:
            throw Failure{DEEPGEN_FAILED, "a wrapper that this plugin does not know"};
        }
    }
    return wrappers;
}

// The operations that do something.
inline std::vector<Operation> operations_of(const std::vector<Layer> &layers) {
    std::vector<Operation> operations;
    const int n_layers = static_cast<int>(layers.size());
    const auto add = [&](bool does, OperationKind kind, int l) {
        if (does)
            operations.push_back({kind, l});
    };
    const auto has_norm = [](const Layer &layer) { return layer.normalization != DEEPGEN_NO_NORM; };
    const auto drops = [](const Layer &layer) {
        return layer.dropout > 0.0 || layer.branch_drop > 0.0;
    };
    add(true, OperationKind::gather, 0);
    for (int l = 0; l < n_layers; ++l) {
        const Layer &layer = layers[static_cast<std::size_t>(l)];
        add(true, OperationKind::forward_product, l);
        add(skips_before_norm(layer) || layer.normalization == DEEPGEN_BATCH_NORM,
            OperationKind::forward_to_norm, l);
        add(has_norm(layer) || layer.skip != DEEPGEN_NO_SKIP || drops(layer),
            OperationKind::forward_from_norm, l);
    }
    add(true, OperationKind::loss, n_layers - 1);
    for (int l = n_layers - 1; l >= 0; --l) {
        const Layer &layer = layers[static_cast<std::size_t>(l)];
        add(has_norm(layer) || layer.skip != DEEPGEN_NO_SKIP ||
                (!layer.masked && (drops(layer) || !layer.identity)),
            OperationKind::backward_to_norm, l);
        add(has_norm(layer) || skips_before_norm(layer), OperationKind::backward_from_norm, l);
        add(l > 0, OperationKind::backward_product, l);
    }
    return operations;
}

// Tier 3: are products shared out by tiles? A block with whole rows reads all weights, with little
// use of each number that it reads; that is the faster way only while weights are small and tiles
// too few for the many multiprocessors of a device: a tile has 128 rows and 64 columns, so those of
// the largest layer are 128 at the bound.
inline bool shares_tiles(const std::vector<Layer> &layers, int n_rows) {
    constexpr int widest_rows = 512;
    constexpr std::int64_t most_entries = std::int64_t{1} << 20;
    std::int64_t widest = 0;
    for (const Layer &layer : layers)
        widest = std::max<std::int64_t>(widest, layer.width);
    return widest > widest_rows || widest * n_rows > most_entries;
}

// Forward and back: operations on whole rows as far as they go, then what has to wait for all rows.
// The products of narrow layers stay with the rows.
inline void add_evaluation(const std::vector<Layer> &layers,
                           const std::vector<Operation> &operations, bool tiles, bool again,
                           std::vector<Stage> &stages) {
    int begin = 0;
    const auto add_rows = [&](int end) {
        if (end > begin)
            stages.push_back({StageKind::rows, again, {begin, end}, 0});
        begin = end;
    };
    for (int o = 0; o < static_cast<int>(operations.size()); ++o) {
        const Operation &operation = operations[static_cast<std::size_t>(o)];
        const Layer &layer = layers[static_cast<std::size_t>(operation.layer)];
        const bool forward = operation.kind == OperationKind::forward_product;
        const bool is_batch_norm = layer.normalization == DEEPGEN_BATCH_NORM;
        if (tiles && !layer.narrow &&
            (forward || operation.kind == OperationKind::backward_product)) {
            add_rows(o);
            stages.push_back(
                {StageKind::tiles, again, {o, o + 1}, forward ? layer.width : layer.n_inputs});
            begin = o + 1;
        } else if (is_batch_norm && operation.kind == OperationKind::forward_to_norm) {
            add_rows(o + 1);
            stages.push_back({StageKind::join, again, {o, o + 1}, layer.width});
        } else if (is_batch_norm && operation.kind == OperationKind::backward_to_norm) {
            add_rows(o + 1);
            stages.push_back({StageKind::join_back, again, {o, o + 1}, layer.width});
        }
    }
    add_rows(static_cast<int>(operations.size()));
}

inline Plan plan_of(const std::vector<Layer> &layers, const Wrappers &wrappers, int n_rows) {
    Plan plan{.operations = operations_of(layers), .stages = {}};
    const bool tiles = shares_tiles(layers, n_rows);
    const auto add = [&](StageKind kind) { plan.stages.push_back({kind, false, {}, 0}); };
    add_evaluation(layers, plan.operations, tiles, false, plan.stages);
    if (wrappers.ascends) {
        for (const StageKind kind : {StageKind::direction, StageKind::ascent, StageKind::climb})
            add(kind);
        add_evaluation(layers, plan.operations, tiles, true, plan.stages);
    }
    if (wrappers.ascends || wrappers.clips)
        add(StageKind::total);
    if (wrappers.clips)
        add(StageKind::clip);
    add(StageKind::descend);
    add(StageKind::report);
    return plan;
}

} // namespace deepgen::cuda
