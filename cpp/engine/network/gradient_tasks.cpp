// The list of tasks, and which thread does which.

#include "engine/network/gradient_tasks.hpp"

namespace deepgen {

// From the last layer to the first, whose gradients were written last.
template <class T>
GradientTasks<T>::GradientTasks(const PackedLayout<T> &packed, bool dense_inputs) {
    using Kind = GradientTask::Kind;
    const Index panel = packed.panel();
    for (Index l = static_cast<Index>(packed.layers().size()) - 1; l >= 0; --l) {
        const PackedLayer &layer = packed.layers()[as_size(l)];
        append({Kind::vectors, l, 0, 0, 0, layer.width, 0, static_cast<double>(layer.width)}, 1);
        // Panels of a single row stand in one line.
        const Index step = layer.n_outputs == 1 ? task_panels * panel : panel;
        for (Index column = 0; layer.narrow && column < layer.n_inputs; column += step) {
            const Index columns = std::min(step, layer.n_inputs - column);
            append({Kind::narrow, l, 0, layer.n_outputs, column, columns, 0,
                    static_cast<double>(layer.n_outputs * columns)},
                   1);
        }
        if (layer.narrow)
            continue;
        const bool sparse = l == 0 && !dense_inputs;
        const Index columns = sparse ? layer.width : panel;
        const Index rows = sparse ? sparse_task_rows(columns) : task_rows;
        for (Index column = 0; column < layer.width; column += columns)
            for (Index row = 0; row < layer.n_inputs; row += rows) {
                const Index n_rows = std::min(rows, layer.n_inputs - row);
                const Index n_columns = std::min(columns, layer.width - column);
                append({sparse ? Kind::sparse_rows : Kind::tile, l, row, n_rows, column, n_columns,
                        0, static_cast<double>(n_rows * n_columns)},
                       sparse ? (layer.width + panel - 1) / panel : 1);
            }
    }
    append_front(packed);
}

template <class T>
void GradientTasks<T>::append_front(const PackedLayout<T> &packed) {
    const FrontLayout &front = packed.front();
    const auto n_features = static_cast<Index>(front.features.size());
    for (Index first = 0, end; first < n_features; first = end) {
        double cost = 0.0;
        for (end = first; end < n_features; ++end) {
            const Index size =
                packed.feature_offset(as_size(end + 1)) - packed.feature_offset(as_size(first));
            if (end > first && size > task_numbers)
                break;
            const FrontFeature &feature = front.features[as_size(end)];
            cost += embeddings()[as_size(feature.member)]->cost(feature.shape);
        }
        append({GradientTask::Kind::embedding, 0, first, end - first, 0, 0, 0, cost}, 1);
    }
    if (front.input_scale >= 0)
        append({GradientTask::Kind::input_scale, 0, 0, 0, 0, front.width, 0,
                static_cast<double>(front.width)},
               1);
}

template <class T>
void GradientTasks<T>::append(GradientTask task, Index n_chunks) {
    task.first_chunk = n_weight_chunks_;
    n_weight_chunks_ += n_chunks;
    tasks_.append(task, task.cost);
}

template class GradientTasks<float>;
template class GradientTasks<double>;

} // namespace deepgen
