// Phase 2 of a pass: dW = X^T dZ tile by tile, each handed to the sink while it is hot.

#include "engine/network/pass.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
void Pass<T>::weight_gradients(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                               Sink sink) {
    const Kernels<T> &kernels = network_.kernels();
    const Index n_rows = batch.rows.size;
    ThreadMemory &own = threads_[as_size(team.rank)];
    T *const gradient = own.gradient.data();

    const Share share = work_->share(team);
    bool cursors_stand = false;
    for (Index i = share.begin; i < share.end; ++i) {
        const WorkItem &item = work_->items()[as_size(i)];
        const PackedLayer &packed = network_.packed().layers()[as_size(item.layer)];
        const LayerMemory &memory = layers_[as_size(item.layer)];
        switch (item.kind) {
        case WorkItem::Kind::tile: {
            const T *const a =
                item.layer == 0 ? input_.data() : layers_[as_size(item.layer - 1)].output.data();
            kernels.outer_product({.rows = item.n_rows,
                                   .columns = item.columns,
                                   .depth = n_rows,
                                   .a = a + item.row,
                                   .a_stride = item.layer == 0
                                                   ? input_stride_
                                                   : layers_[as_size(item.layer - 1)].stride,
                                   .b = memory.slope.data() + item.column,
                                   .b_stride = memory.stride,
                                   .out = gradient});
            sink(item.first_stretch, item,
                 {gradient, packed.coefs + item.column * packed.n_inputs + item.row * item.columns,
                  item.n_rows * item.columns, true});
            break;
        }
        case WorkItem::Kind::narrow: {
            const LayerMemory &below = layers_[as_size(item.layer - 1)];
            kernels.outer_product({.rows = item.n_rows,
                                   .columns = item.columns,
                                   .depth = n_rows,
                                   .a = memory.slope.data(),
                                   .a_stride = memory.stride,
                                   .b = below.output.data() + item.column,
                                   .b_stride = below.stride,
                                   .out = gradient});
            sink(item.first_stretch, item,
                 {gradient, packed.coefs + item.column * item.n_rows, item.n_rows * item.columns,
                  true});
            break;
        }
        case WorkItem::Kind::sparse_rows: {
            const SparseBlock<T> block = sparse_rows(X, {0, n_rows});
            if (!cursors_stand)
                for (Index row = 0; row < n_rows; ++row)
                    own.cursors[as_size(row)] =
                        std::lower_bound(X.indices + starts_[as_size(row)],
                                         X.indices + ends_[as_size(row)],
                                         static_cast<std::int32_t>(item.row)) -
                        X.indices;
            cursors_stand = true;
            kernels.sparse_outer({.a = block,
                                  .cursors = own.cursors.data(),
                                  .first = item.row,
                                  .n_features = item.n_rows,
                                  .columns = item.columns,
                                  .b = memory.slope.data(),
                                  .b_stride = memory.stride,
                                  .out = gradient});
            Index stretch = item.first_stretch;
            for (Index column = 0; column < item.columns; column += kernels.panel) {
                const Index width = network_.packed().panel_width(column, item.columns);
                sink(stretch++, item,
                     {gradient + column * item.n_rows,
                      packed.coefs + column * packed.n_inputs + item.row * width,
                      item.n_rows * width, true});
            }
            break;
        }
        case WorkItem::Kind::vectors: {
            std::fill_n(gradient, packed.n_vectors, T(0));
            const LayerBlocks &blocks = network_.layout().layers[as_size(item.layer)];
            if (blocks.intercepts != absent)
                kernels.column_sums({n_rows, blocks.width, memory.slope.data(), memory.stride},
                                    gradient);
            if (memory.normalization)
                scale_gradient(kernels, team, *memory.normalization, n_rows,
                               gradient + packed.width, gradient + 2 * packed.width);
            sink(item.first_stretch, item, {gradient, packed.intercepts, packed.n_vectors, false});
            break;
        }
        }
    }
}

template void Pass<float>::weight_gradients(const Team &, const Batch<float> &,
                                            const Inputs<float> &, Sink);
template void Pass<double>::weight_gradients(const Team &, const Batch<double> &,
                                             const Inputs<double> &, Sink);

} // namespace deepgen
