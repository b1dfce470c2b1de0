// Phase 1 as a list of operations on rows: forward through the layers, the loss, and back.

#pragma once

#include "cuda/backward.cuh"

namespace deepgen::cuda {

enum class OperationKind {
    gather,
    forward_product,
    forward_to_norm,
    forward_from_norm,
    loss,
    backward_to_norm,
    backward_from_norm,
    backward_product,
};

struct Operation {
    OperationKind kind;
    int layer;
};

// Whole rows.
__device__ inline void operate(Crew &crew, const Batch &batch, const Operation &operation,
                               Rows rows) {
    const int l = operation.layer;
    const Layer &layer = batch.layer(l);
    switch (operation.kind) {
    case OperationKind::gather:
        gather(crew, batch, rows);
        break;
    case OperationKind::forward_product:
        forward_product(crew, batch, l, rows, {0, layer.width});
        break;
    case OperationKind::forward_to_norm:
        forward_to_norm(crew, batch, l, rows);
        break;
    case OperationKind::forward_from_norm:
        forward_from_norm(crew, batch, l, rows);
        break;
    case OperationKind::loss:
        loss_and_output_gradients(crew, batch, rows);
        break;
    case OperationKind::backward_to_norm:
        backward_to_norm(crew, batch, l, rows);
        break;
    case OperationKind::backward_from_norm:
        backward_from_norm(crew, batch, l, rows);
        break;
    case OperationKind::backward_product:
        backward_product(crew, batch, l, rows, {0, layer.n_inputs});
        break;
    }
}

} // namespace deepgen::cuda
