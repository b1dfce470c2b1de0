// Forward and back, layer by layer, beside a pass.

#include "engine/probes/tangent.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

template <class T>
Rows<T> part(T *matrix, Index stride, Index width, Share rows) {
    return {rows.end - rows.begin, width, matrix + rows.begin * stride, stride};
}

constexpr std::array<double, padded<double>(narrow_outputs)> no_bias{};

} // namespace

Tangent::Tangent(const Network<double> &network, Index max_rows, Index team_size, Purpose purpose)
    : network_(network) {
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const LayerPlan<double> &plan = network.layers()[l];
        LayerMemory &memory = layers_.emplace_back();
        memory.stride = row_stride<double>(plan.width);
        const std::size_t size = as_size(max_rows * memory.stride);
        memory.output.resize(size);
        if (network.packed().layers()[l].narrow)
            memory.product.resize(size);
        if (plan.normalization)
            memory.normalization =
                std::make_unique<NormalizationMemory<double>>(plan.width, max_rows, team_size);
        if (purpose == Purpose::forward)
            continue;
        memory.slope.resize(size);
        if (!plan.gated && !plan.identity) {
            memory.turn.resize(size);
            memory.bend.resize(size);
        }
    }
}

void Tangent::multiply(const Inputs<double> &X, const Batch<double> &batch,
                       const Pass<double> &pass, const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction, Index layer, Share rows) {
    const Kernels<double> &kernels = network_.kernels();
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    Buffer<double> &to = plan.normalization ? memory.normalization->standardized : memory.output;
    pass.multiply(X, direction, layer, rows, to.data(), memory.stride, false);
    if (layer == 0)
        return; // X does not move
    const LayerMemory &below = layers_[as_size(layer - 1)];
    const Rows<const double> gate = pass.result(layer, Part::output, batch.rows.size);
    Product<double> product{.rows = rows.end - rows.begin,
                            .columns = packed.width,
                            .depth = plan.n_inputs,
                            .a = below.output.data() + rows.begin * below.stride,
                            .a_stride = below.stride,
                            .b = parameters.weights.data() + packed.coefs,
                            .b_rows = packed.n_inputs,
                            .c = to.data() + rows.begin * memory.stride,
                            .c_stride = memory.stride,
                            .gate = gate.data + rows.begin * gate.stride,
                            .gate_stride = gate.stride};
    if (!packed.narrow) {
        const bool gated = plan.gated && !plan.normalization;
        kernels.product[static_cast<int>(gated ? Epilogue::accumulate_gate : Epilogue::accumulate)](
            product);
        return;
    }
    product.c = memory.product.data() + rows.begin * memory.stride;
    product.bias = no_bias.data();
    kernels.narrow_product(product, packed.n_outputs, false);
    kernels.add(part<const double>(memory.product.data(), memory.stride, plan.width, rows),
                to.data() + rows.begin * memory.stride, memory.stride);
}

void Tangent::activate(const Batch<double> &batch, const Pass<double> &pass, Index layer,
                       Share rows) {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    if (plan.identity)
        return;
    LayerMemory &memory = layers_[as_size(layer)];
    const Index first = rows.begin * memory.stride;
    const ActivationKernels<double> &activation =
        network_.kernels().activations[as_size(plan.activation)];
    const Rows<const double> x = pass.bends(layer, batch.rows.size);
    const Rows<double> tangent = part(memory.output.data(), memory.stride, plan.width, rows);
    if (memory.turn.empty())
        activation.backward(tangent, x.data + rows.begin * x.stride, x.stride);
    else
        activation.curve(tangent, x.data + rows.begin * x.stride, x.stride,
                         memory.turn.data() + first, memory.bend.data() + first);
}

NormalizationTangent<double> Tangent::normalization_call(const PackedParameters<double> &parameters,
                                                         const PackedParameters<double> &direction,
                                                         Index layer, Share rows, double *y) {
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    return {.rows = rows,
            .width = network_.layers()[as_size(layer)].width,
            .y = y,
            .y_stride = layers_[as_size(layer)].stride,
            .dy = nullptr,
            .dy_stride = 0,
            .scale = parameters.weights.data() + packed.scale,
            .scale_direction = direction.weights.data() + packed.scale,
            .shift_direction = direction.weights.data() + packed.shift};
}

void Tangent::forward(const Team &team, const Batch<double> &batch, const Inputs<double> &X,
                      const Pass<double> &pass, const PackedParameters<double> &parameters,
                      const PackedParameters<double> &direction) {
    const Share rows = Pass<double>::row_share(team, batch.rows.size);
    for (Index layer = 0; layer < static_cast<Index>(layers_.size()); ++layer) {
        const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
        LayerMemory &memory = layers_[as_size(layer)];
        multiply(X, batch, pass, parameters, direction, layer, rows);
        if (plan.normalization)
            plan.normalization->tangent_forward(
                team, normalization_call(parameters, direction, layer, rows, memory.output.data()),
                pass.normalization(layer), *memory.normalization);
        activate(batch, pass, layer, rows);
        if (plan.skip_from != no_skip) {
            const LayerMemory &from = layers_[as_size(plan.skip_from)];
            network_.kernels().add(
                part<const double>(from.output.data(), from.stride, plan.width, rows),
                memory.output.data() + rows.begin * memory.stride, memory.stride);
        }
    }
}

void Tangent::curve_outputs(const Team &team, const Batch<double> &batch, const Targeted<double> &y,
                            Pass<double> &pass) {
    LayerMemory &last = layers_.back();
    const Share rows = Pass<double>::row_share(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block) {
        LossRows<double> block = pass.loss_rows(batch, y, row);
        block.gradient = last.slope.data() + row * last.stride;
        block.gradient_stride = last.stride;
        network_.loss().curvature(block, last.output.data() + row * last.stride, last.stride);
    }
}

void Tangent::curve_outputs_of(const Team &team, const Batch<double> &batch,
                               const Targeted<double> &y, Pass<double> &pass) const {
    const LayerMemory &last = layers_.back();
    const Share rows = Pass<double>::row_share(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block)
        network_.loss().curvature(pass.loss_rows(batch, y, row),
                                  last.output.data() + row * last.stride, last.stride);
}

void Tangent::join_slopes(const Batch<double> &batch, const Pass<double> &pass, Index layer,
                          Share rows) {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    const Rows<double> own = part(memory.slope.data(), memory.stride, plan.width, rows);
    if (const Index s = plan.skip_from; s != no_skip) {
        LayerMemory &from = layers_[as_size(s)];
        double *const target = from.slope.data() + rows.begin * from.stride;
        if (network_.is_added(s, layer + 1))
            network_.kernels().add({own.rows, own.width, own.data, own.stride}, target,
                                   from.stride);
        else
            std::copy_n(own.data, own.rows * own.stride, target);
    }
    if (!memory.turn.empty()) {
        const Index first = rows.begin * memory.stride;
        network_.kernels().curve_back(own, pass.slopes(layer, batch.rows.size).data + first,
                                      memory.turn.data() + first, memory.bend.data() + first);
    }
}

void Tangent::hand_down(const Batch<double> &batch, const Pass<double> &pass,
                        const PackedParameters<double> &parameters,
                        const PackedParameters<double> &direction, Index layer, Share rows) {
    const Kernels<double> &kernels = network_.kernels();
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    const LayerMemory &memory = layers_[as_size(layer)];
    LayerMemory &below = layers_[as_size(layer - 1)];
    const auto transposed = [&](const PackedParameters<double> &matrices) {
        return packed.narrow ? matrices.weights.data() + packed.coefs
                             : matrices.transposed.data() + packed.transposed;
    };
    const Rows<const double> slopes = pass.slopes(layer, batch.rows.size);
    const Rows<const double> gate = pass.result(layer - 1, Part::output, batch.rows.size);
    Product<double> product{.rows = rows.end - rows.begin,
                            .columns = packed.n_inputs,
                            .depth = network_.layers()[as_size(layer)].width,
                            .a = memory.slope.data() + rows.begin * memory.stride,
                            .a_stride = memory.stride,
                            .b = transposed(parameters),
                            .b_rows = packed.narrow ? packed.n_outputs : packed.width,
                            .c = below.slope.data() + rows.begin * below.stride,
                            .c_stride = below.stride,
                            .gate = gate.data + rows.begin * gate.stride,
                            .gate_stride = gate.stride};
    const bool accumulate = network_.is_added(layer - 1, layer);
    kernels.product[static_cast<int>(accumulate ? Epilogue::accumulate : Epilogue::store)](product);
    product.a = slopes.data + rows.begin * slopes.stride;
    product.a_stride = slopes.stride;
    product.b = transposed(direction);
    const bool gated = network_.layers()[as_size(layer - 1)].gated;
    kernels.product[static_cast<int>(gated ? Epilogue::accumulate_gate : Epilogue::accumulate)](
        product);
}

void Tangent::backward(const Team &team, const Batch<double> &batch, const Pass<double> &pass,
                       const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction, Index layer, Slopes state) {
    const Share rows = Pass<double>::row_share(team, batch.rows.size);
    LayerMemory &memory = layers_[as_size(layer)];
    switch (state) {
    case Slopes::output:
        join_slopes(batch, pass, layer, rows);
        break;
    case Slopes::normalized:
        if (memory.normalization) {
            auto call = normalization_call(parameters, direction, layer, rows, memory.slope.data());
            const Rows<const double> dy = pass.slopes(layer, batch.rows.size);
            call.dy = dy.data;
            call.dy_stride = dy.stride;
            network_.layers()[as_size(layer)].normalization->tangent_backward(
                team, call, pass.normalization(layer), *memory.normalization);
        }
        break;
    case Slopes::product:
        if (layer > 0)
            hand_down(batch, pass, parameters, direction, layer, rows);
        break;
    }
}

void Tangent::weight_gradients(const Team &team, const Batch<double> &batch,
                               const Inputs<double> &X, Pass<double> &pass,
                               Pass<double>::Sink sink) {
    const Index n_rows = batch.rows.size;
    const auto inputs = [&](Index layer) { return pass.inputs(layer, n_rows); };
    const auto pass_slopes = [&](Index layer) { return pass.slopes(layer, n_rows); };
    const auto tangent_inputs = [&](Index layer) { return outputs(layer - 1, n_rows); };
    const auto tangent_slopes = [&](Index layer) { return slopes(layer, n_rows); };
    const std::array<OuterTerm<double>, 2> terms{
        OuterTerm<double>{.with_X = true, .inputs = inputs, .slopes = tangent_slopes},
        OuterTerm<double>{.with_X = false, .inputs = tangent_inputs, .slopes = pass_slopes}};
    const auto vectors = [&](Index layer, double *gradient) {
        const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
        if (network_.layout().layers[as_size(layer)].intercepts != absent)
            network_.kernels().column_sums(slopes(layer, n_rows), gradient);
        if (NormalizationMemory<double> *const own = layers_[as_size(layer)].normalization.get())
            scale_gradient(network_.kernels(), team, *own, n_rows, gradient + packed.width,
                           gradient + 2 * packed.width);
    };
    pass.weight_gradients(team, batch, X, terms, vectors, sink);
}

Rows<const double> Tangent::outputs(Index layer, Index n_rows) const {
    const LayerMemory &memory = layers_[as_size(layer)];
    return {n_rows, network_.layers()[as_size(layer)].width, memory.output.data(), memory.stride};
}

Rows<const double> Tangent::slopes(Index layer, Index n_rows) const {
    const LayerMemory &memory = layers_[as_size(layer)];
    return {n_rows, network_.layers()[as_size(layer)].width, memory.slope.data(), memory.stride};
}

} // namespace deepgen
