// Phase 1 of a pass where branches meet what is carried past them, and what drops units and whole
// branches.

#include "engine/core/random.hpp"
#include "engine/network/pass.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
void Pass<T>::drop(const Batch<T> &batch, Index layer, IndexRange rows, T *matrix,
                   Index stride) const {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    if (batch.branch_key && plan.branch_drop > 0.0)
        drop_branches(batch, layer, rows, matrix, stride);
    const double probability = batch.dropout_of(plan);
    if (!batch.dropout_key || probability == 0.0)
        return;
    const std::uint64_t layer_key =
        random::child(*batch.dropout_key, static_cast<std::uint64_t>(layer));
    constexpr Index chunk = 64;
    DropoutKey keys[chunk];
    for (Index first = rows.begin; first < rows.end; first += chunk) {
        const Index n = std::min(chunk, rows.end - first);
        for (Index i = 0; i < n; ++i) {
            const std::uint64_t key = random::child(
                layer_key, static_cast<std::uint64_t>(batch.first_position + first + i));
            keys[i] = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
        }
        network_.kernels().matrix.dropout({n, plan.width, matrix + first * stride, stride}, keys,
                                          static_cast<std::uint32_t>(probability * 0x1p32),
                                          static_cast<T>(1.0 / (1.0 - probability)));
    }
}

// Stochastic depth, row by row; the survivors are magnified, so that prediction knows nothing of
// it.
//
// Huang, Sun, Liu, Sedra & Weinberger (2016), Deep networks with stochastic depth, section 3.
template <class T>
void Pass<T>::drop_branches(const Batch<T> &batch, Index layer, IndexRange rows, T *matrix,
                            Index stride) const {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    const std::uint64_t layer_key =
        random::child(*batch.branch_key, static_cast<std::uint64_t>(layer));
    const auto threshold = static_cast<std::uint64_t>(plan.branch_drop * 0x1p53);
    const T scale = static_cast<T>(1.0 / (1.0 - plan.branch_drop));
    for (Index i = rows.begin; i < rows.end; ++i) {
        const auto position = static_cast<std::uint64_t>(batch.first_position + i);
        const bool kept = random::value(layer_key, position) >> 11 >= threshold;
        T *const row = matrix + i * stride;
        for (Index j = 0; j < plan.width; ++j)
            row[j] = kept ? row[j] * scale : T(0);
    }
}

template <class T>
SkipCall<T> Pass<T>::skip_call(Index layer, IndexRange rows) const {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    const LayerMemory &memory = layers_[as_size(layer)];
    const LayerMemory &from = layers_[as_size(plan.skip_from)];
    const auto part = [&](const Buffer<T> &matrix, Index stride, Index column) -> Rows<const T> {
        return {rows.end - rows.begin, plan.width,
                matrix.empty() ? nullptr : matrix.data() + rows.begin * stride + column, stride};
    };
    return {.branch = part(memory.branch, memory.stride, 0),
            .carried = part(from.output, from.stride, 0),
            .gate = part(memory.product, memory.product_stride, packed.gate)};
}

template <class T>
void Pass<T>::part_from_gate(Index layer, IndexRange rows, T *z, Index stride) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    const Index gate = network_.packed().layers()[as_size(layer)].gate;
    for (Index i = rows.begin; i < rows.end; ++i)
        std::copy_n(memory.product.data() + i * memory.product_stride, plan.width, z + i * stride);
    T *const z_gate = memory.product.data() + rows.begin * memory.product_stride + gate;
    network_.kernels().activations[as_size(plan.gate)].apply(
        {rows.end - rows.begin, plan.width, z_gate, memory.product_stride}, z_gate,
        memory.product_stride);
}

template <class T>
void Pass<T>::skip_forward(Index layer, IndexRange rows, T *output, Index stride) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    plan.skip->forward(skip_call(layer, rows),
                       {rows.end - rows.begin, plan.width, output + rows.begin * stride, stride});
}

template <class T>
void Pass<T>::skip_backward(Index layer, IndexRange rows) {
    const LayerPlan<T> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    LayerMemory &from = layers_[as_size(plan.skip_from)];
    const Index gate = network_.packed().layers()[as_size(layer)].gate;
    const auto part = [&](Buffer<T> &matrix, Index stride, Index column) -> Rows<T> {
        return {rows.end - rows.begin, plan.width,
                matrix.empty() ? nullptr : matrix.data() + rows.begin * stride + column, stride};
    };
    plan.skip->backward(skip_call(layer, rows),
                        {.branch = part(memory.gradients, memory.stride, 0),
                         .carried = part(from.gradients, from.stride, 0),
                         .carried_is_new = !network_.is_added(plan.skip_from, layer + 1),
                         .gate = part(memory.product_gradients, memory.product_stride, gate)});
}

template <class T>
void Pass<T>::join_gate(Index layer, IndexRange rows) {
    const Index width = network_.layers()[as_size(layer)].width;
    LayerMemory &memory = layers_[as_size(layer)];
    for (Index i = rows.begin; i < rows.end; ++i)
        std::copy_n(memory.gradients.data() + i * memory.stride, width,
                    memory.product_gradients.data() + i * memory.product_stride);
}

#define DEEPGEN_INSTANTIATE(T)                                                                     \
    template void Pass<T>::drop(const Batch<T> &, Index, IndexRange, T *, Index) const;            \
    template void Pass<T>::drop_branches(const Batch<T> &, Index, IndexRange, T *, Index) const;   \
    template SkipCall<T> Pass<T>::skip_call(Index, IndexRange) const;                              \
    template void Pass<T>::part_from_gate(Index, IndexRange, T *, Index);                          \
    template void Pass<T>::skip_forward(Index, IndexRange, T *, Index);                            \
    template void Pass<T>::skip_backward(Index, IndexRange);                                       \
    template void Pass<T>::join_gate(Index, IndexRange);
DEEPGEN_INSTANTIATE(float)
DEEPGEN_INSTANTIATE(double)
#undef DEEPGEN_INSTANTIATE

} // namespace deepgen
