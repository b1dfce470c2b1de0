// From the engine's descriptions to plain structs.

#include "engine/devices/plugin_net.hpp"

#include <algorithm>

namespace deepgen {
namespace {

template <class Number>
struct Name {
    std::string_view name;
    Number number;
};

constexpr Name<DeepgenNormalization> normalization_names[] = {
    {"none", DEEPGEN_NO_NORM}, {"batch", DEEPGEN_BATCH_NORM}, {"layer", DEEPGEN_LAYER_NORM}};
constexpr Name<DeepgenSkip> skip_names[] = {{"residual", DEEPGEN_RESIDUAL},
                                            {"deepnorm", DEEPGEN_DEEPNORM}};
constexpr Name<DeepgenWrapperKind> wrapper_names[] = {{"clip_norm", DEEPGEN_CLIP_NORM},
                                                      {"sam", DEEPGEN_SAM},
                                                      {"asam", DEEPGEN_ASAM},
                                                      {"ema", DEEPGEN_EMA}};

template <class Number>
std::optional<Number> number_of(std::string_view name, std::span<const Name<Number>> names) {
    const auto found = std::ranges::find(names, name, &Name<Number>::name);
    return found == names.end() ? std::nullopt : std::optional(found->number);
}

// The place of a member in its family's list.
template <class Entry>
std::int32_t place(std::span<const Entry *const> family, const Entry &entry) {
    return static_cast<std::int32_t>(std::ranges::find(family, &entry) - family.begin());
}

DeepgenLayer layer_of(const Network<float> &network, const PackedLayer &packed, Index number) {
    const LayerSpec &spec = network.spec().layers[as_size(number)];
    const LayerPlan<float> &plan = network.layers()[as_size(number)];
    DeepgenLayer layer{};
    layer.n_inputs = packed.n_features;
    layer.width = packed.n_outputs;
    layer.coefs = packed.coefs;
    layer.intercepts = packed.intercepts;
    layer.scale = packed.scale;
    layer.shift = packed.shift;
    layer.slope = packed.slope;
    layer.transposed = packed.transposed;
    layer.n_vectors = packed.n_vectors;
    layer.narrow = packed.narrow;
    layer.has_bias = packed.has_bias;
    layer.has_slope = packed.has_slope;
    layer.transposes = packed.transposes;
    layer.activation = static_cast<std::int32_t>(plan.activation);
    layer.from_output = plan.from_output;
    layer.relu_in_product = plan.relu_in_product;
    layer.relu_in_normalization = plan.relu_in_normalization;
    layer.masked = plan.masked;
    layer.keeps_value = plan.keeps_value;
    layer.identity = plan.identity;
    layer.normalization = *normalization_on_device(spec.normalization.name);
    if (layer.normalization != DEEPGEN_NO_NORM) {
        const Settings settings(
            spec.normalization,
            find_member("normalization", normalizations(), spec.normalization.name).parameters);
        layer.epsilon = settings["epsilon"];
        if (layer.normalization == DEEPGEN_BATCH_NORM)
            layer.momentum = settings["momentum"];
    }
    layer.skip_from = static_cast<std::int32_t>(spec.skip_from);
    if (spec.skip_from != no_skip)
        layer.skip = *skip_on_device(spec.skip.name);
    if (layer.skip == DEEPGEN_DEEPNORM)
        layer.skip_alpha =
            Settings(spec.skip, find_member("skip", skips(), spec.skip.name).parameters)["alpha"];
    layer.is_added = network.is_added(number, number + 1);
    layer.dropout = plan.dropout;
    layer.branch_drop = plan.branch_drop;
    return layer;
}

DeepgenTaskKind kind_of(GradientTask::Kind kind) {
    switch (kind) {
    case GradientTask::Kind::narrow:
        return DEEPGEN_NARROW;
    case GradientTask::Kind::vectors:
        return DEEPGEN_VECTORS;
    default: // what has no other tasks: dense rows, and nothing before layer 0
        return DEEPGEN_TILE;
    }
}

// Tasks over dense rows are a chunk each.
DeepgenTask task_of(const PackedLayout<float> &packed, const GradientTask &task) {
    DeepgenTask given{.kind = kind_of(task.kind),
                      .layer = static_cast<std::int32_t>(task.layer),
                      .row = task.row,
                      .n_rows = task.n_rows,
                      .column = task.column,
                      .columns = task.columns,
                      .offset = 0,
                      .n = 0};
    for_each_chunk(packed, task, [&](Index offset, Index n) {
        given.offset = offset;
        given.n = n;
    });
    return given;
}

// All settings of a component, in the order of the member's parameters.
std::vector<double> in_order(const Component &component, std::span<const Parameter> parameters) {
    const Settings settings(component, parameters);
    std::vector<double> all;
    for (const Parameter &parameter : parameters)
        std::ranges::copy(settings.values(parameter.name), std::back_inserter(all));
    return all;
}

DeepgenWrapper wrapper_of(const Component &component) {
    const Listing known = wrappers();
    const auto found = std::ranges::find(known, component.name, &Listing::value_type::first);
    DeepgenWrapper wrapper{.kind = *wrapper_on_device(component.name), .settings = {}};
    std::ranges::copy(in_order(component, found->second), wrapper.settings);
    return wrapper;
}

} // namespace

std::optional<DeepgenNormalization> normalization_on_device(std::string_view name) {
    return number_of<DeepgenNormalization>(name, normalization_names);
}
std::optional<DeepgenSkip> skip_on_device(std::string_view name) {
    return number_of<DeepgenSkip>(name, skip_names);
}
std::optional<DeepgenWrapperKind> wrapper_on_device(std::string_view name) {
    return number_of<DeepgenWrapperKind>(name, wrapper_names);
}

PluginNet::PluginNet(const Network<float> &network, const PackedLayout<float> &packed) {
    for (const PackedLayer &layer : packed.layers())
        layers_.push_back(layer_of(network, layer, std::ssize(layers_)));
    const Component &loss = network.spec().loss;
    const LossEntry &entry = find_member("loss", losses(), loss.name);
    loss_constants_ = entry.constants(Settings(loss, entry.parameters));
    view_.n_inputs = network.n_inputs();
    view_.n_layers = std::ssize(layers_);
    view_.layers = layers_.data();
    view_.n_weights = packed.size();
    view_.n_transposed = packed.transposed_size();
    view_.loss = place(losses(), entry);
    view_.takes_classes = network.takes_classes();
    view_.n_targets = network.takes_classes() ? 1 : network.n_targets();
    view_.n_loss_constants = std::ssize(loss_constants_);
    view_.loss_constants = loss_constants_.data();
}

PluginNet::PluginNet(const Network<float> &network, const PackedLayout<float> &packed,
                     const RatedRule<float> &rule, std::span<const Component> wrappers)
    : PluginNet(network, packed) {
    const GradientTasks<float> tasks(packed, true);
    for (const GradientTask &task : tasks.tasks())
        tasks_.push_back(task_of(packed, task));
    for (const RatedRule<float>::Stretch &stretch : rule.stretches())
        if (stretches_.empty() || stretches_.back().end < stretch.end) // roles may have no weights
            stretches_.push_back({stretch.end, static_cast<std::int32_t>(stretch.factor)});
    for (const Component &wrapper : wrappers)
        wrappers_.push_back(wrapper_of(wrapper));
    view_.n_tasks = std::ssize(tasks_);
    view_.tasks = tasks_.data();
    view_.n_stretches = std::ssize(stretches_);
    view_.stretches = stretches_.data();
    view_.rule = static_cast<std::int32_t>(&rule.rule() - network.kernels().rules.data());
    view_.n_factors = static_cast<std::int32_t>(rule.n_factors());
    view_.n_state_arrays = rule.rule().n_state_arrays;
    view_.n_wrappers = std::ssize(wrappers_);
    view_.wrappers = wrappers_.data();
}

} // namespace deepgen
