// Phase 2 of a pass: dW = X^T dZ tile by tile, each handed to the sink while it is hot.

#include "engine/network/pass.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
void Pass<T>::intercept_gradient(Index layer, const Rows<const T> &gradients, T *gradient) const {
    const LayerBlocks &blocks = network_.layout().layers[as_size(layer)];
    if (blocks.intercepts == absent && blocks.gate_intercepts == absent)
        return;
    network_.kernels().matrix.column_sums(gradients, gradient);
    if (blocks.intercepts == absent)
        std::fill_n(gradient, blocks.width, T(0)); // those of the gate alone
}

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               const PackedParameters<T> &parameters, Sink sink) {
    weight_gradients(team, batch, X, parameters, tasks(team), sink);
}

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               const PackedParameters<T> &parameters,
                               std::span<const GradientTask> tasks, Sink sink) {
    const Index n_rows = batch.rows.size;
    const auto inputs_of = [&](Index layer) { return inputs(layer, n_rows); };
    const auto gradients_of = [&](Index layer) { return product_gradients(layer, n_rows); };
    const OuterTerm<T> term{.with_inputs = true, .inputs = inputs_of, .gradients = gradients_of};
    const auto vectors = [&](Index layer, T *gradient) {
        const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
        intercept_gradient(layer, product_gradients(layer, n_rows), gradient);
        if (NormalizationMemory<T> *const normalized = layers_[as_size(layer)].normalization.get())
            scale_gradient(network_.kernels(), team, *normalized, n_rows, gradient + packed.width,
                           gradient + 2 * packed.width);
        if (packed.has_slope)
            network_.kernels().matrix.column_sums(slope_gradients(layer, n_rows),
                                                  gradient + (packed.slope - packed.intercepts));
    };
    const auto front = [&](const GradientTask &task, T *gradient) {
        front_->gradient(task, parameters, n_rows, gradient);
    };
    weight_gradients(team, batch, X, tasks, {&term, 1}, vectors, front, sink);
}

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               std::span<const GradientTask> tasks,
                               std::span<const OuterTerm<T>> terms, Vectors vectors, Front front,
                               Sink sink) {
    const Kernels<T> &kernels = network_.kernels();
    const Index n_rows = batch.rows.size;
    ThreadMemory &own = threads_[as_size(team.rank)];
    T *const gradient = own.gradient.data();
    bool cursors_stand = false;

    // The chunks of a task stand one after the other in its gradient.
    const auto emit = [&](const GradientTask &task) {
        Index chunk = task.first_chunk;
        const T *next = gradient;
        for_each_chunk(network_.packed(), task, [&](Index offset, Index n) {
            sink(chunk++, task, {next, offset, n, task.of_matrix()});
            next += n;
        });
    };
    const auto run = [&](const GradientTask &task, const OuterTerm<T> &term) {
        const Rows<const T> gradients = term.gradients(task.layer);
        switch (task.kind) {
        case GradientTask::Kind::tile: {
            const Rows<const T> a = term.inputs(task.layer);
            const PackedLayer &layer = network_.packed().layers()[as_size(task.layer)];
            const Index n_rows_used = std::min(task.n_rows, layer.n_features - task.row);
            std::fill(gradient + n_rows_used * task.columns, gradient + task.n_rows * task.columns,
                      T(0)); // rows of padding
            kernels.products.outer({.rows = n_rows_used,
                                    .columns = task.columns,
                                    .depth = n_rows,
                                    .a = a.data + task.row,
                                    .a_stride = a.stride,
                                    .b = gradients.data + task.column,
                                    .b_stride = gradients.stride,
                                    .out = gradient});
            break;
        }
        case GradientTask::Kind::narrow: {
            const Rows<const T> below = term.inputs(task.layer);
            if (task.n_rows == 1) {
                kernels.matrix.weighted_sums(
                    {n_rows, task.columns, below.data + task.column, below.stride}, gradients.data,
                    gradients.stride, gradient);
                break;
            }
            kernels.products.outer({.rows = task.n_rows,
                                    .columns = task.columns,
                                    .depth = n_rows,
                                    .a = gradients.data,
                                    .a_stride = gradients.stride,
                                    .b = below.data + task.column,
                                    .b_stride = below.stride,
                                    .out = gradient});
            break;
        }
        case GradientTask::Kind::sparse_rows: {
            const SparseBlock<T> block = inputs_.sparse(X, {0, n_rows});
            if (!cursors_stand)
                for (Index row = 0; row < n_rows; ++row)
                    own.cursors[as_size(row)] =
                        std::lower_bound(block.indices + block.starts[row],
                                         block.indices + block.ends[row],
                                         static_cast<std::int32_t>(task.row)) -
                        block.indices;
            cursors_stand = true;
            kernels.products.sparse_outer({.a = block,
                                           .cursors = own.cursors.data(),
                                           .first = task.row,
                                           .n_features = task.n_rows,
                                           .columns = task.columns,
                                           .b = gradients.data,
                                           .b_stride = gradients.stride,
                                           .out = gradient});
            break;
        }
        case GradientTask::Kind::vectors:
        case GradientTask::Kind::embedding:
        case GradientTask::Kind::input_scale:
            break;
        }
        emit(task);
    };

    for (const GradientTask &task : tasks) {
        if (task.kind == GradientTask::Kind::vectors) {
            const PackedLayer &packed = network_.packed().layers()[as_size(task.layer)];
            std::fill_n(gradient, packed.n_vectors, T(0));
            vectors(task.layer, gradient);
            emit(task);
        } else if (!task.of_matrix()) {
            front(task, gradient);
            emit(task);
        } else
            for (const OuterTerm<T> &term : terms)
                if (task.layer > 0 || term.with_inputs)
                    run(task, term);
    }
}

template <class T>
void Pass<T>::visit_stored_gradient(const Team &team, const T *gradient, Sink sink) const {
    const IndexRange share = tasks_->share(team);
    for (Index i = share.begin; i < share.end; ++i) {
        const GradientTask &task = tasks_->tasks()[as_size(i)];
        Index chunk = task.first_chunk;
        for_each_chunk(network_.packed(), task, [&](Index offset, Index n) {
            sink(chunk++, task, {gradient + offset, offset, n, task.of_matrix()});
        });
    }
}

#define DEEPGEN_INSTANTIATE(T)                                                                     \
    template void Pass<T>::visit_stored_gradient(const Team &, const T *, Sink) const;             \
    template void Pass<T>::intercept_gradient(Index, const Rows<const T> &, T *) const;            \
    template void Pass<T>::weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,     \
                                            const PackedParameters<T> &, Sink);                    \
    template void Pass<T>::weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,     \
                                            const PackedParameters<T> &,                           \
                                            std::span<const GradientTask>, Sink);                  \
    template void Pass<T>::weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,     \
                                            std::span<const GradientTask>,                         \
                                            std::span<const OuterTerm<T>>, Vectors, Front, Sink);
DEEPGEN_INSTANTIATE(float)
DEEPGEN_INSTANTIATE(double)
#undef DEEPGEN_INSTANTIATE

} // namespace deepgen
