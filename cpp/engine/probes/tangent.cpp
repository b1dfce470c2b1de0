// Forward and back, layer by layer, beside a pass.

#include "engine/probes/tangent.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

template <class T>
Rows<T> part(T *matrix, Index stride, Index width, IndexRange rows) {
    return {rows.end - rows.begin, width, matrix + rows.begin * stride, stride};
}

constexpr std::array<double, padded<double>(narrow_outputs)> no_bias{};

} // namespace

Tangent::Tangent(const Network<double> &network, Index max_rows, Index team_size, Purpose purpose)
    : network_(network) {
    if (network.has_front())
        front_.emplace(network, max_rows, purpose == Purpose::curvature);
    for (std::size_t l = 0; l < network.layers().size(); ++l) {
        const LayerPlan<double> &plan = network.layers()[l];
        LayerMemory &memory = layers_.emplace_back();
        memory.stride = row_stride<double>(plan.width);
        const std::size_t size = as_size(max_rows * memory.stride);
        memory.output.resize(size);
        const PackedLayer &packed = network.packed().layers()[l];
        memory.product_stride = row_stride<double>(packed.width);
        const std::size_t product_size = as_size(max_rows * memory.product_stride);
        if (packed.narrow || plan.gate >= 0)
            memory.product.resize(product_size);
        if (plan.gate >= 0)
            memory.branch.resize(size);
        if (plan.normalization)
            memory.normalization =
                std::make_unique<NormalizationMemory<double>>(plan.width, max_rows, team_size);
        if (plan.parametric)
            for (Buffer<double> *const buffer :
                 {&memory.slope, &memory.slope_tangent, &memory.lift, &memory.lift_tangent})
                buffer->resize(size);
        if (purpose == Purpose::forward)
            continue;
        memory.gradients.resize(size);
        if (plan.gate >= 0)
            memory.product_gradients.resize(product_size);
        if (!plan.masked && !plan.identity) {
            memory.slope.resize(size);
            memory.slope_tangent.resize(size);
        }
        if (plan.parametric)
            memory.lifted.resize(size);
    }
}

void Tangent::multiply(const Inputs<double> &X, const Batch<double> &batch,
                       const Pass<double> &pass, const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction, Index layer, IndexRange rows) {
    const Kernels<double> &kernels = network_.kernels();
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    Buffer<double> &z =
        plan.normalization ? memory.normalization->standardized : memory.branch_or_output();
    Buffer<double> &to = plan.gate >= 0 ? memory.product : z;
    const Index stride = plan.gate >= 0 ? memory.product_stride : memory.stride;
    pass.multiply(X, direction, layer, rows, to.data(), stride, false);
    if (layer == 0 && !front_)
        return; // X does not move
    const Rows<const double> below = outputs(layer - 1, batch.rows.size);
    const Rows<const double> mask = pass.result(layer, Part::output, batch.rows.size);
    Product<double> product{.rows = rows.end - rows.begin,
                            .columns = packed.width,
                            .depth = plan.n_inputs,
                            .a = below.data + rows.begin * below.stride,
                            .a_stride = below.stride,
                            .b = parameters.weights.data() + packed.coefs,
                            .b_rows = packed.n_inputs,
                            .c = to.data() + rows.begin * stride,
                            .c_stride = stride,
                            .mask = mask.data + rows.begin * mask.stride,
                            .mask_stride = mask.stride};
    if (packed.narrow) {
        product.c = memory.product.data() + rows.begin * memory.product_stride;
        product.c_stride = memory.product_stride;
        product.bias = no_bias.data();
        kernels.products.narrow(product, packed.n_outputs, false);
        kernels.matrix.add(
            part<const double>(memory.product.data(), memory.product_stride, plan.width, rows),
            to.data() + rows.begin * stride, stride);
    } else {
        const bool masked = plan.masked && !plan.normalization;
        kernels.products.dense[static_cast<int>(masked ? Epilogue::accumulate_mask
                                                       : Epilogue::accumulate)](product);
    }
    for (Index i = rows.begin; plan.gate >= 0 && i < rows.end; ++i)
        std::copy_n(to.data() + i * stride, plan.width, z.data() + i * memory.stride);
    if (plan.skips_before_normalization)
        skip_forward(pass, layer, rows, z);
}

SkipTangent<double> Tangent::skip_tangent(Index layer, IndexRange rows) const {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    const LayerMemory &memory = layers_[as_size(layer)];
    const LayerMemory &from = layers_[as_size(plan.skip_from)];
    return {.branch = part(memory.branch.data(), memory.stride, plan.width, rows),
            .carried = part(from.output.data(), from.stride, plan.width, rows),
            .gate = part(plan.gate >= 0 ? memory.product.data() + packed.gate : nullptr,
                         memory.product_stride, plan.width, rows)};
}

void Tangent::skip_forward(const Pass<double> &pass, Index layer, IndexRange rows,
                           Buffer<double> &output) {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    plan.skip->tangent_forward(
        pass.skip_call(layer, rows), skip_tangent(layer, rows),
        part(output.data(), layers_[as_size(layer)].stride, plan.width, rows));
}

void Tangent::skip_backward(const Pass<double> &pass, const Rows<const double> &gradients,
                            Index layer, IndexRange rows) {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    LayerMemory &from = layers_[as_size(plan.skip_from)];
    plan.skip->tangent_backward(
        pass.skip_call(layer, rows), skip_tangent(layer, rows),
        part(gradients.data, gradients.stride, gradients.width, rows),
        {.branch = part(memory.gradients.data(), memory.stride, plan.width, rows),
         .carried = part(from.gradients.data(), from.stride, plan.width, rows),
         .carried_is_new = !network_.is_added(plan.skip_from, layer + 1),
         .gate = part(plan.gate >= 0 ? memory.product_gradients.data() + packed.gate : nullptr,
                      memory.product_stride, plan.width, rows)});
}

void Tangent::activate(const Batch<double> &batch, const Pass<double> &pass,
                       const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction, Index layer, IndexRange rows) {
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    if (plan.identity)
        return;
    LayerMemory &memory = layers_[as_size(layer)];
    const Index first = rows.begin * memory.stride;
    const ActivationKernels<double> &activation =
        network_.kernels().activations[as_size(plan.activation)];
    const Rows<const double> x = pass.slope_inputs(layer, batch.rows.size);
    const Rows<double> tangent =
        part(memory.branch_or_output().data(), memory.stride, plan.width, rows);
    const Index slope = network_.packed().layers()[as_size(layer)].slope;
    if (plan.parametric)
        activation.parametric_tangent({.tangent = tangent,
                                       .z = x.data + rows.begin * x.stride,
                                       .z_stride = x.stride,
                                       .a = parameters.weights.data() + slope,
                                       .direction = direction.weights.data() + slope,
                                       .slope = memory.slope.data() + first,
                                       .slope_tangent = memory.slope_tangent.data() + first,
                                       .lift = memory.lift.data() + first,
                                       .lift_tangent = memory.lift_tangent.data() + first});
    else if (memory.slope.empty())
        activation.backward(tangent, x.data + rows.begin * x.stride, x.stride);
    else
        activation.tangent_forward(tangent, x.data + rows.begin * x.stride, x.stride,
                                   memory.slope.data() + first,
                                   memory.slope_tangent.data() + first);
}

NormalizationTangent<double> Tangent::normalization_call(const PackedParameters<double> &parameters,
                                                         const PackedParameters<double> &direction,
                                                         Index layer, IndexRange rows, double *y) {
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
    const IndexRange rows = Pass<double>::row_range(team, batch.rows.size);
    if (front_)
        front_->forward(pass.front(), parameters, direction, rows);
    for (Index layer = 0; layer < static_cast<Index>(layers_.size()); ++layer) {
        const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
        LayerMemory &memory = layers_[as_size(layer)];
        multiply(X, batch, pass, parameters, direction, layer, rows);
        if (plan.normalization)
            plan.normalization->tangent_forward(
                team,
                normalization_call(parameters, direction, layer, rows,
                                   memory.branch_or_output().data()),
                pass.normalization(layer), *memory.normalization);
        activate(batch, pass, parameters, direction, layer, rows);
        if (plan.skip && !plan.skips_before_normalization)
            skip_forward(pass, layer, rows, memory.output);
    }
}

void Tangent::tangent_of_output_gradients(const Team &team, const Batch<double> &batch,
                                          const TargetsView<double> &y, Pass<double> &pass) {
    LayerMemory &last = layers_.back();
    const IndexRange rows = Pass<double>::row_range(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block) {
        LossRows<double> block = pass.loss_rows(batch, y, row);
        block.gradient = last.gradients.data() + row * last.stride;
        block.gradient_stride = last.stride;
        network_.loss().curvature(block, last.output.data() + row * last.stride, last.stride);
    }
}

void Tangent::curvature_as_output_gradients(const Team &team, const Batch<double> &batch,
                                            const TargetsView<double> &y,
                                            Pass<double> &pass) const {
    const LayerMemory &last = layers_.back();
    const IndexRange rows = Pass<double>::row_range(team, batch.rows.size);
    for (Index row = rows.begin; row < rows.end; row += row_block)
        network_.loss().curvature(pass.loss_rows(batch, y, row),
                                  last.output.data() + row * last.stride, last.stride);
}

void Tangent::propagate(const Batch<double> &batch, const Pass<double> &pass, const Deltas &deltas,
                        const PackedParameters<double> &parameters,
                        const PackedParameters<double> &direction, Index layer, IndexRange rows) {
    const Kernels<double> &kernels = network_.kernels();
    const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
    const Rows<double> below =
        layer == 0 ? front_->gradients()
                   : Rows<double>{0, 0, layers_[as_size(layer - 1)].gradients.data(),
                                  layers_[as_size(layer - 1)].stride};
    const auto transposed = [&](const PackedParameters<double> &matrices) {
        return packed.narrow ? matrices.weights.data() + packed.coefs
                             : matrices.transposed.data() + packed.transposed;
    };
    const Rows<const double> gradients = deltas.at(layer, GradientStage::product, batch.rows.size);
    const Rows<const double> own = product_gradients(layer, batch.rows.size);
    const Rows<const double> mask = pass.inputs(layer, batch.rows.size);
    Product<double> product{.rows = rows.end - rows.begin,
                            .columns = packed.n_inputs,
                            .depth = own.width,
                            .a = own.data + rows.begin * own.stride,
                            .a_stride = own.stride,
                            .b = transposed(parameters),
                            .b_rows = packed.narrow ? packed.n_outputs : packed.width,
                            .c = below.data + rows.begin * below.stride,
                            .c_stride = below.stride,
                            .mask = mask.data + rows.begin * mask.stride,
                            .mask_stride = mask.stride};
    const bool accumulate = layer > 0 && network_.is_added(layer - 1, layer);
    kernels.products.dense[static_cast<int>(accumulate ? Epilogue::accumulate : Epilogue::store)](
        product);
    product.a = gradients.data + rows.begin * gradients.stride;
    product.a_stride = gradients.stride;
    product.b = transposed(direction);
    const bool masked = layer > 0 && network_.layers()[as_size(layer - 1)].masked;
    kernels.products.dense[static_cast<int>(masked ? Epilogue::accumulate_mask
                                                   : Epilogue::accumulate)](product);
}

void Tangent::backward(const Team &team, const Batch<double> &batch, const Pass<double> &pass,
                       const Deltas &deltas, const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction) {
    for (Index layer = static_cast<Index>(layers_.size()) - 1; layer >= 0; --layer)
        for (const GradientStage stage : gradient_stages)
            backward(team, batch, pass, deltas, parameters, direction, layer, stage);
}

void Tangent::backward(const Team &team, const Batch<double> &batch, const Pass<double> &pass,
                       const Deltas &deltas, const PackedParameters<double> &parameters,
                       const PackedParameters<double> &direction, Index layer,
                       GradientStage stage) {
    const Rows<const double> gradients = deltas.at(layer, stage, batch.rows.size);
    const IndexRange rows = Pass<double>::row_range(team, batch.rows.size);
    const LayerPlan<double> &plan = network_.layers()[as_size(layer)];
    LayerMemory &memory = layers_[as_size(layer)];
    switch (stage) {
    case GradientStage::output:
        if (plan.skip && !plan.skips_before_normalization)
            skip_backward(pass, gradients, layer, rows);
        break;
    case GradientStage::branch:
        if (!memory.slope.empty()) {
            const Rows<double> own = part(memory.gradients.data(), memory.stride, plan.width, rows);
            const Index first = rows.begin * memory.stride;
            const double *const above = gradients.data + first;
            const auto move = network_.kernels().tangents.activation_backward;
            if (plan.parametric) {
                const Rows<double> lifted =
                    part(memory.lifted.data(), memory.stride, plan.width, rows);
                std::copy_n(own.data, own.rows * own.stride, lifted.data);
                move(lifted, above, memory.lift.data() + first, memory.lift_tangent.data() + first);
            }
            move(own, above, memory.slope.data() + first, memory.slope_tangent.data() + first);
        }
        break;
    case GradientStage::normalized:
        if (memory.normalization) {
            auto call =
                normalization_call(parameters, direction, layer, rows, memory.gradients.data());
            call.dy = gradients.data;
            call.dy_stride = gradients.stride;
            plan.normalization->tangent_backward(team, call, pass.normalization(layer),
                                                 *memory.normalization);
        }
        if (plan.skips_before_normalization)
            skip_backward(pass, gradients, layer, rows);
        for (Index i = rows.begin; plan.gate >= 0 && i < rows.end; ++i)
            std::copy_n(memory.gradients.data() + i * memory.stride, plan.width,
                        memory.product_gradients.data() + i * memory.product_stride);
        break;
    case GradientStage::product:
        if (layer > 0 || front_)
            propagate(batch, pass, deltas, parameters, direction, layer, rows);
        if (layer == 0 && front_)
            front_->backward(pass.front(), parameters, direction, rows);
        break;
    }
}

void Tangent::weight_gradients(const Team &team, const Batch<double> &batch,
                               const Inputs<double> &X, Pass<double> &pass, const Deltas &deltas,
                               const PackedParameters<double> &parameters,
                               const PackedParameters<double> &direction,
                               std::span<const GradientTask> tasks, Pass<double>::Sink sink) {
    const Index n_rows = batch.rows.size;
    const auto inputs = [&](Index layer) { return pass.inputs(layer, n_rows); };
    const auto pass_gradients = [&](Index layer) {
        return deltas.at(layer, GradientStage::product, n_rows);
    };
    const auto tangent_inputs = [&](Index layer) { return outputs(layer - 1, n_rows); };
    const auto tangent_gradients = [&](Index layer) { return product_gradients(layer, n_rows); };
    const std::array<OuterTerm<double>, 2> terms{
        OuterTerm<double>{.with_inputs = true, .inputs = inputs, .gradients = tangent_gradients},
        OuterTerm<double>{.with_inputs = front_.has_value(),
                          .inputs = tangent_inputs,
                          .gradients = pass_gradients}};
    const auto vectors = [&](Index layer, double *gradient) {
        const PackedLayer &packed = network_.packed().layers()[as_size(layer)];
        pass.intercept_gradient(layer, product_gradients(layer, n_rows), gradient);
        if (NormalizationMemory<double> *const own = layers_[as_size(layer)].normalization.get())
            scale_gradient(network_.kernels(), team, *own, n_rows, gradient + packed.width,
                           gradient + 2 * packed.width);
        if (packed.has_slope) {
            const LayerMemory &memory = layers_[as_size(layer)];
            network_.kernels().matrix.column_sums({n_rows, network_.layers()[as_size(layer)].width,
                                                   memory.lifted.data(), memory.stride},
                                                  gradient + (packed.slope - packed.intercepts));
        }
    };
    const auto front = [&](const GradientTask &task, double *gradient) {
        front_->gradient(task, pass.front(), parameters, direction, n_rows, gradient);
    };
    pass.weight_gradients(team, batch, X, tasks, terms, vectors, front, sink);
}

Rows<const double> Tangent::outputs(Index layer, Index n_rows) const {
    if (layer < 0)
        return front_->outputs(n_rows);
    const LayerMemory &memory = layers_[as_size(layer)];
    return {n_rows, network_.layers()[as_size(layer)].width, memory.output.data(), memory.stride};
}

Rows<const double> Tangent::product_gradients(Index layer, Index n_rows) const {
    const LayerMemory &memory = layers_[as_size(layer)];
    if (!memory.product_gradients.empty())
        return {n_rows, network_.packed().layers()[as_size(layer)].width,
                memory.product_gradients.data(), memory.product_stride};
    return {n_rows, network_.layers()[as_size(layer)].width, memory.gradients.data(),
            memory.stride};
}

} // namespace deepgen
