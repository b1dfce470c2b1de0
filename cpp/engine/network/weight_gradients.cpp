// Phase 2 of a pass: dW = X^T dZ tile by tile, each handed to the sink while it is hot.

#include "engine/network/pass.hpp"

#include <algorithm>

namespace deepgen {

namespace {

// Calls with (offset, length) of each chunk of packed weights that an item is made of.
template <class T, class Function>
void for_each_chunk(const PackedLayout<T> &packed, const WorkItem &item, Function function) {
    const PackedLayer &layer = packed.layers()[as_size(item.layer)];
    switch (item.kind) {
    case WorkItem::Kind::tile:
    case WorkItem::Kind::sparse_rows:
        for (Index column = item.column; column < item.column + item.columns;) {
            const Index width = packed.panel_width(column, layer.width);
            function(layer.coefs + column * layer.n_inputs + item.row * width, item.n_rows * width);
            column += width;
        }
        break;
    case WorkItem::Kind::narrow:
        function(layer.coefs + item.column * item.n_rows, item.n_rows * item.columns);
        break;
    case WorkItem::Kind::vectors:
        function(layer.intercepts, layer.n_vectors);
        break;
    }
}

} // namespace

template <class T>
void Pass<T>::intercept_gradient(Index layer, const Rows<const T> &gradients, T *gradient) const {
    const LayerBlocks &blocks = network_.layout().layers[as_size(layer)];
    if (blocks.intercepts == absent && blocks.gate_intercepts == absent)
        return;
    network_.kernels().column_sums(gradients, gradient);
    if (blocks.intercepts == absent)
        std::fill_n(gradient, blocks.width, T(0)); // those of the gate alone
}

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               Sink sink) {
    const Index n_rows = batch.rows.size;
    const auto inputs_of = [&](Index layer) { return inputs(layer, n_rows); };
    const auto gradients_of = [&](Index layer) { return product_gradients(layer, n_rows); };
    const OuterTerm<T> term{.with_X = true, .inputs = inputs_of, .gradients = gradients_of};
    const auto vectors = [&](Index layer, T *gradient) {
        const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
        intercept_gradient(layer, product_gradients(layer, n_rows), gradient);
        if (NormalizationMemory<T> *const normalized = layers_[as_size(layer)].normalization.get())
            scale_gradient(network_.kernels(), team, *normalized, n_rows, gradient + packed.width,
                           gradient + 2 * packed.width);
    };
    weight_gradients(team, batch, X, {&term, 1}, vectors, sink);
}

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               std::span<const OuterTerm<T>> terms, Vectors vectors, Sink sink) {
    const Kernels<T> &kernels = network_.kernels();
    const Index n_rows = batch.rows.size;
    ThreadMemory &own = threads_[as_size(team.rank)];
    T *const gradient = own.gradient.data();
    bool cursors_stand = false;

    // The chunks of an item stand one after the other in its gradient.
    const auto emit = [&](const WorkItem &item) {
        Index chunk = item.first_chunk;
        const T *next = gradient;
        for_each_chunk(network_.packed(), item, [&](Index offset, Index n) {
            sink(chunk++, item, {next, offset, n, item.kind != WorkItem::Kind::vectors});
            next += n;
        });
    };
    const auto run = [&](const WorkItem &item, const OuterTerm<T> &term) {
        const Rows<const T> gradients = term.gradients(item.layer);
        switch (item.kind) {
        case WorkItem::Kind::tile: {
            const Rows<const T> a = term.inputs(item.layer);
            const PackedLayer &layer = network_.packed().layers()[as_size(item.layer)];
            const Index n_rows_used = std::min(item.n_rows, layer.n_features - item.row);
            std::fill(gradient + n_rows_used * item.columns, gradient + item.n_rows * item.columns,
                      T(0)); // rows of padding
            kernels.outer_product({.rows = n_rows_used,
                                   .columns = item.columns,
                                   .depth = n_rows,
                                   .a = a.data + item.row,
                                   .a_stride = a.stride,
                                   .b = gradients.data + item.column,
                                   .b_stride = gradients.stride,
                                   .out = gradient});
            break;
        }
        case WorkItem::Kind::narrow: {
            const Rows<const T> below = term.inputs(item.layer);
            if (item.n_rows == 1) {
                kernels.weighted_sums(
                    {n_rows, item.columns, below.data + item.column, below.stride}, gradients.data,
                    gradients.stride, gradient);
                break;
            }
            kernels.outer_product({.rows = item.n_rows,
                                   .columns = item.columns,
                                   .depth = n_rows,
                                   .a = gradients.data,
                                   .a_stride = gradients.stride,
                                   .b = below.data + item.column,
                                   .b_stride = below.stride,
                                   .out = gradient});
            break;
        }
        case WorkItem::Kind::sparse_rows: {
            const SparseBlock<T> block = inputs_.sparse(X, {0, n_rows});
            if (!cursors_stand)
                for (Index row = 0; row < n_rows; ++row)
                    own.cursors[as_size(row)] =
                        std::lower_bound(block.indices + block.starts[row],
                                         block.indices + block.ends[row],
                                         static_cast<std::int32_t>(item.row)) -
                        block.indices;
            cursors_stand = true;
            kernels.sparse_outer({.a = block,
                                  .cursors = own.cursors.data(),
                                  .first = item.row,
                                  .n_features = item.n_rows,
                                  .columns = item.columns,
                                  .b = gradients.data,
                                  .b_stride = gradients.stride,
                                  .out = gradient});
            break;
        }
        case WorkItem::Kind::vectors:
            break;
        }
        emit(item);
    };

    const Share share = work_->share(team);
    for (Index i = share.begin; i < share.end; ++i) {
        const WorkItem &item = work_->items()[as_size(i)];
        if (item.kind == WorkItem::Kind::vectors) {
            const PackedLayer &packed = network_.packed().layers()[as_size(item.layer)];
            std::fill_n(gradient, packed.n_vectors, T(0));
            vectors(item.layer, gradient);
            emit(item);
        } else
            for (const OuterTerm<T> &term : terms)
                if (item.layer > 0 || term.with_X)
                    run(item, term);
    }
}

template <class T>
void Pass<T>::visit_stored_gradient(const Team &team, const T *gradient, Sink sink) const {
    const Share share = work_->share(team);
    for (Index i = share.begin; i < share.end; ++i) {
        const WorkItem &item = work_->items()[as_size(i)];
        Index chunk = item.first_chunk;
        for_each_chunk(network_.packed(), item, [&](Index offset, Index n) {
            const bool coefs = item.kind != WorkItem::Kind::vectors;
            sink(chunk++, item, {gradient + offset, offset, n, coefs});
        });
    }
}

#define DEEPGEN_INSTANTIATE(T)                                                                     \
    template void Pass<T>::visit_stored_gradient(const Team &, const T *, Sink) const;             \
    template void Pass<T>::intercept_gradient(Index, const Rows<const T> &, T *) const;            \
    template void Pass<T>::weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,     \
                                            Sink);                                                 \
    template void Pass<T>::weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,     \
                                            std::span<const OuterTerm<T>>, Vectors, Sink);
DEEPGEN_INSTANTIATE(float)
DEEPGEN_INSTANTIATE(double)
#undef DEEPGEN_INSTANTIATE

} // namespace deepgen
