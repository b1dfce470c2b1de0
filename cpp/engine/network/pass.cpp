// Phase 1 of a pass: rows forward through the layers, and their gradients back.

#include "engine/network/pass.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace deepgen {

template <class T>
Pass<T>::Pass(const Network<T> &network, Index max_rows, Index team_size, bool dense_inputs,
              Purpose purpose, const AugmentationScratch &scratch)
    : network_(network), inputs_(network.n_inputs(), max_rows, team_size, dense_inputs, scratch) {
    const bool gradient = purpose == Purpose::gradient;
    require(dense_inputs || !network.has_front(),
            "embeddings and input_scale do not support sparse X: they map zeros too");
    if (network.has_front())
        front_.emplace(network, max_rows, team_size, gradient);
    Index most_vectors = 0;
    for (const LayerPlan<T> &plan : network.layers()) {
        LayerMemory &memory = layers_.emplace_back(network, layers_.size(), max_rows, team_size);
        memory.stride = row_stride<T>(plan.width);
        const std::size_t size = memory.output.size();
        if (gradient)
            memory.gradients.resize(size);
        if (gradient && plan.parametric)
            memory.lifted.resize(size);
        const PackedLayer &packed = network.packed().layers()[layers_.size() - 1];
        if (plan.gate >= 0) {
            memory.product_stride = row_stride<T>(packed.width);
            if (gradient)
                memory.product_gradients.resize(memory.product.size());
        }
        most_vectors = std::max(most_vectors, packed.n_vectors);
    }
    if (purpose == Purpose::inference)
        return;
    if (network.takes_classes())
        classes_.resize(as_size(max_rows));
    else
        targets_.resize(as_size(max_rows * network.n_targets()));
    weights_.resize(as_size(max_rows));
    block_loss_.resize(as_size(n_row_blocks(max_rows)));
    if (!gradient)
        return;
    tasks_.emplace(network.packed(), dense_inputs);
    threads_.resize(as_size(team_size));
    for (ThreadMemory &thread : threads_) {
        Index largest =
            std::max(GradientTasks<T>::task_rows * network.kernels().panel, most_vectors);
        for (const GradientTask &task : tasks_->tasks())
            if (task.kind == GradientTask::Kind::embedding)
                largest = std::max(
                    largest, network.packed().feature_offset(as_size(task.row + task.n_rows)) -
                                 network.packed().feature_offset(as_size(task.row)));
        if (network.layout().front.input_scale >= 0)
            largest = std::max(largest, padded<T>(network.layout().front.width));
        if (!dense_inputs) {
            const Index columns = padded<T>(network.layers().front().width);
            largest = std::max(largest, GradientTasks<T>::sparse_task_rows(columns) * columns);
            thread.cursors.resize(as_size(max_rows));
        }
        thread.gradient.resize(as_size(largest));
        thread.partner_gradients.resize(as_size(row_block * layers_.back().stride));
    }
}

template <class T>
IndexRange Pass<T>::row_range(const Team &team, Index n_rows) {
    const IndexRange blocks = team.share(n_row_blocks(n_rows));
    return {std::min(blocks.begin * row_block, n_rows), std::min(blocks.end * row_block, n_rows)};
}

template <class T>
NormalizationCall<T> Pass<T>::normalization_call(const Batch<T> &batch,
                                                 PackedParameters<T> &parameters, Index layer,
                                                 IndexRange rows, T *y, Index stride) {
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    Buffer<T> &mean = parameters.mean[as_size(layer)],
              &variance = parameters.variance[as_size(layer)];
    const bool keeps = !mean.empty() && (!batch.training || batch.moves_running);
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    return {.n_rows = batch.rows.size,
            .rows = rows,
            .width = plan.width,
            .y = y,
            .y_stride = stride,
            .scale = parameters.weights.data() + packed.scale,
            .shift = parameters.weights.data() + packed.shift,
            .least = plan.relu_in_normalization ? T(0) : -std::numeric_limits<T>::infinity(),
            .running_mean = keeps ? mean.data() : nullptr,
            .running_variance = keeps ? variance.data() : nullptr};
}

template <class T>
void Pass<T>::multiply(const Inputs<T> &X, const PackedParameters<T> &parameters, Index layer,
                       IndexRange rows, T *z, Index stride, bool relu) const {
    const Kernels<T> &kernels = network_.kernels();
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    Product<T> product{.rows = rows.end - rows.begin,
                       .columns = packed.width,
                       .depth = network_.layers()[as_size(layer)].n_inputs,
                       .a = nullptr,
                       .a_stride = 0,
                       .b = parameters.weights.data() + packed.coefs,
                       .b_rows = packed.n_inputs,
                       .c = z + rows.begin * stride,
                       .c_stride = stride,
                       .bias = parameters.weights.data() + packed.intercepts};
    if (layer == 0 && X.sparse()) {
        kernels.products.sparse(inputs_.sparse(X, rows), product, relu);
        return;
    }
    const Rows<const T> below = inputs(layer, rows.end);
    product.a_stride = below.stride;
    product.a = below.data + rows.begin * below.stride;
    if (packed.narrow)
        kernels.products.narrow(product, packed.n_outputs, relu);
    else
        kernels.products.dense[static_cast<int>(relu ? Epilogue::bias_relu : Epilogue::bias)](
            product);
}

template <class T>
void Pass<T>::layer_forward(const Team &team, const Batch<T> &batch,
                            PackedParameters<T> &parameters, Index layer, IndexRange rows) {
    const Kernels<T> &kernels = network_.kernels();
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    const Index n_rows = rows.end - rows.begin, first = rows.begin * memory.stride;
    T *const branch = branch_of(layer) + first;
    T *const value = plan.keeps_value ? memory.value.data() + first : branch;

    if (plan.normalization) {
        T *const y = plan.keeps_value ? memory.value.data() : branch_of(layer);
        const auto call = normalization_call(batch, parameters, layer, rows, y, memory.stride);
        if (batch.training)
            plan.normalization->forward(team, call, *memory.normalization);
        else
            plan.normalization->frozen_forward(team, call, *memory.normalization);
    }

    if (plan.parametric)
        kernels.activations[as_size(plan.activation)].parametric_apply(
            {n_rows, plan.width, value, memory.stride},
            parameters.weights.data() + network_.packed().layers()[as_size(layer)].slope, branch,
            memory.stride);
    else if (!plan.relu_in_product && !plan.relu_in_normalization && !plan.identity)
        kernels.activations[as_size(plan.activation)].apply(
            {n_rows, plan.width, value, memory.stride}, plan.from_output ? value : branch,
            memory.stride);
    if (plan.keeps_value && plan.from_output)
        std::copy_n(value, n_rows * memory.stride, branch);
    if (plan.skips_before_normalization)
        return;
    drop(batch, layer, rows, branch_of(layer), memory.stride);
    if (plan.skip)
        skip_forward(layer, rows, memory.output.data(), memory.stride);
}

template <class T>
Rows<T> Pass<T>::product_target(Index layer) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    if (plan.normalization)
        return {0, plan.width, memory.normalization->standardized.data(),
                memory.normalization->stride};
    return {0, plan.width, plan.keeps_value ? memory.value.data() : branch_of(layer),
            memory.stride};
}

template <class T>
void Pass<T>::gather(const Team &team, const Batch<T> &batch, const Inputs<T> &X) {
    inputs_.gather(team, batch, X, row_range(team, batch.rows.size));
}

template <class T>
void Pass<T>::exchange(std::vector<LayerValues<T>> &values) {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        std::swap(static_cast<LayerValues<T> &>(layers_[l]), values[l]);
}

template <class T>
void Pass<T>::forward(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                      PackedParameters<T> &parameters, Index last, Part part) {
    const IndexRange rows = row_range(team, batch.rows.size);
    inputs_.gather(team, batch, X, rows);
    if (front_)
        front_->forward(team, parameters, inputs_.dense(batch.rows.size), rows);
    for (Index layer = 0; layer <= last; ++layer) {
        const bool whole = layer < last || part == Part::output;
        const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
        LayerMemory &memory = layers_[as_size(layer)];
        const Rows<T> z = product_target(layer);
        if (plan.gate >= 0) {
            multiply(X, parameters, layer, rows, memory.product.data(), memory.product_stride,
                     false);
            part_from_gate(layer, rows, z.data, z.stride);
        } else
            multiply(X, parameters, layer, rows, z.data, z.stride, whole && plan.relu_in_product);
        if (plan.skips_before_normalization) {
            drop(batch, layer, rows, z.data, z.stride);
            skip_forward(layer, rows, z.data, z.stride);
        }
        if (whole)
            layer_forward(team, batch, parameters, layer, rows);
    }
}

template <class T>
void Pass<T>::activation_backward(const Batch<T> &batch, const PackedParameters<T> &parameters,
                                  Index layer, IndexRange rows) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    if (plan.masked)
        return;
    LayerMemory &memory = layers_[as_size(layer)];
    const Index first = rows.begin * memory.stride;
    if (!plan.skips_before_normalization)
        drop(batch, layer, rows, memory.gradients.data(), memory.stride);
    if (plan.parametric)
        network_.kernels().activations[as_size(plan.activation)].parametric_backward(
            {rows.end - rows.begin, plan.width, memory.gradients.data() + first, memory.stride},
            slope_inputs(layer, batch.rows.size).data + first, memory.stride,
            parameters.weights.data() + network_.packed().layers()[as_size(layer)].slope,
            memory.lifted.data() + first);
    else if (!plan.identity)
        network_.kernels().activations[as_size(plan.activation)].backward(
            {rows.end - rows.begin, plan.width, memory.gradients.data() + first, memory.stride},
            slope_inputs(layer, batch.rows.size).data + first, memory.stride);
}

template <class T>
void Pass<T>::normalization_backward(const Team &team, const Batch<T> &batch,
                                     PackedParameters<T> &parameters, Index layer,
                                     IndexRange rows) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    if (!plan.normalization)
        return;
    LayerMemory &memory = layers_[as_size(layer)];
    const auto call =
        normalization_call(batch, parameters, layer, rows, memory.gradients.data(), memory.stride);
    if (batch.training)
        plan.normalization->backward(team, call, *memory.normalization);
    else
        plan.normalization->frozen_backward(team, call, *memory.normalization);
}

template <class T>
void Pass<T>::backward(const Team &team, const Batch<T> &batch, PackedParameters<T> &parameters) {
    backward(team, batch, parameters, [](Index, GradientStage) {});
}

template <class T>
void Pass<T>::backward(const Team &team, const Batch<T> &batch, PackedParameters<T> &parameters,
                       Visit visit) {
    const IndexRange rows = row_range(team, batch.rows.size);
    const Index n_rows = rows.end - rows.begin;
    const std::vector<LayerPlan<T>> &plans = network_.layers();
    for (Index l = static_cast<Index>(plans.size()) - 1; l >= 0; --l) {
        const LayerPlan<T> &plan = plans[as_size(l)];
        LayerMemory &memory = layers_[as_size(l)];
        visit(l, GradientStage::output);
        if (plan.skip && !plan.skips_before_normalization)
            skip_backward(l, rows);
        visit(l, GradientStage::branch);
        activation_backward(batch, parameters, l, rows);
        visit(l, GradientStage::normalized);
        normalization_backward(team, batch, parameters, l, rows);
        if (plan.skips_before_normalization) {
            skip_backward(l, rows);
            drop(batch, l, rows, memory.gradients.data(), memory.stride);
        }
        if (plan.gate >= 0)
            join_gate(l, rows);
        if (l == 0 && front_)
            front_backward(batch, parameters, rows);
        visit(l, GradientStage::product);
        if (l == 0)
            break;
        const LayerPlan<T> &below = plans[as_size(l - 1)];
        LayerMemory &below_memory = layers_[as_size(l - 1)];
        const PackedLayer &packed = network_.packed().layers()[as_size(l)];
        const bool accumulate = network_.is_added(l - 1, l);
        const Rows<const T> gradients = product_gradients(l, batch.rows.size);
        const Epilogue epilogue = below.masked
                                      ? (accumulate ? Epilogue::accumulate_mask : Epilogue::mask)
                                      : (accumulate ? Epilogue::accumulate : Epilogue::store);
        network_.kernels().products.dense[static_cast<int>(epilogue)](
            {.rows = n_rows,
             .columns = packed.n_inputs,
             .depth = gradients.width,
             .a = gradients.data + rows.begin * gradients.stride,
             .a_stride = gradients.stride,
             .b = packed.narrow ? parameters.weights.data() + packed.coefs
                                : parameters.transposed.data() + packed.transposed,
             .b_rows = packed.narrow ? packed.n_outputs : packed.width,
             .c = below_memory.gradients.data() + rows.begin * below_memory.stride,
             .c_stride = below_memory.stride,
             .mask = below_memory.output.data() + rows.begin * below_memory.stride,
             .mask_stride = below_memory.stride,
             .mask_scale = batch.mask_scale(below)});
    }
}

template <class T>
void Pass<T>::front_backward(const Batch<T> &batch, const PackedParameters<T> &parameters,
                             IndexRange rows) {
    const PackedLayer &packed = network_.packed().layers().front();
    const Rows<const T> gradients = product_gradients(0, batch.rows.size);
    const Rows<T> below = front_->gradients();
    const Index first = front_->first_column();
    network_.kernels().products.dense[static_cast<int>(Epilogue::store)](
        {.rows = rows.end - rows.begin,
         .columns = packed.n_inputs - first,
         .depth = gradients.width,
         .a = gradients.data + rows.begin * gradients.stride,
         .a_stride = gradients.stride,
         .b = parameters.transposed.data() + packed.transposed + first * packed.width,
         .b_rows = packed.width,
         .c = below.data + rows.begin * below.stride + first,
         .c_stride = below.stride});
    front_->backward(parameters, rows);
}

template <class T>
Rows<const T> Pass<T>::result(Index layer, Part part, Index n_rows) const {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    const LayerMemory &memory = layers_[as_size(layer)];
    if (part == Part::product && plan.normalization)
        return {n_rows, plan.width, memory.normalization->standardized.data(),
                memory.normalization->stride};
    if (part == Part::output)
        return {n_rows, plan.width, memory.output.data(), memory.stride};
    return slope_inputs(layer, n_rows);
}

template <class T>
Rows<const T> Pass<T>::inputs(Index layer, Index n_rows) const {
    if (layer > 0)
        return result(layer - 1, Part::output, n_rows);
    return front_ ? front_->outputs(n_rows) : inputs_.dense(n_rows);
}

template <class T>
Rows<const T> Pass<T>::gradients(Index layer, Index n_rows) const {
    const LayerMemory &memory = layers_[as_size(layer)];
    return {n_rows, network_.layers()[as_size(layer)].width, memory.gradients.data(),
            memory.stride};
}

template <class T>
Rows<const T> Pass<T>::product_gradients(Index layer, Index n_rows) const {
    const LayerMemory &memory = layers_[as_size(layer)];
    if (memory.product_gradients.empty())
        return gradients(layer, n_rows);
    return {n_rows, network_.packed().layers()[as_size(layer)].width,
            memory.product_gradients.data(), memory.product_stride};
}

template <class T>
Rows<T> Pass<T>::output_gradients(Index n_rows) {
    LayerMemory &last = layers_.back();
    return {n_rows, network_.n_outputs(), last.gradients.data(), last.stride};
}

template <class T>
Rows<const T> Pass<T>::slope_inputs(Index layer, Index n_rows) const {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    const LayerMemory &memory = layers_[as_size(layer)];
    const Buffer<T> &branch = memory.branch.empty() ? memory.output : memory.branch;
    return {n_rows, plan.width, (plan.keeps_value ? memory.value : branch).data(), memory.stride};
}

template class Pass<float>;
template class Pass<double>;

} // namespace deepgen
