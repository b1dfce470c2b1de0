// What goes to the plugin, and what comes back.

#include "engine/devices/plugin_device.hpp"

#include "engine/devices/unsupported.hpp"

#include <algorithm>

namespace deepgen {

PluginDevice::PluginDevice(const Plugin &plugin, const Network<float> &network,
                           const OptimizerSpec &optimizer)
    : run_(plugin, network), spec_(optimizer),
      optimizer_(make_optimizer<float>(optimizer, network.kernels())),
      state_(*optimizer_, run_.packed()), rule_(optimizer.rule, network.kernels()),
      participation_(run_.table()) {}

void PluginDevice::prepare(const TrainingSpec &spec) {
    refuse_unsupported(spec);
    const Network<float> &network = run_.network();
    const PackedWeights weights = run_.packed().weights();
    optimizer_->allocate({weights, spec.seed, network.loss().is_likelihood(),
                          network.reparametrized(), spec.rate_factors});
    rule_.share_out(weights, spec.rate_factors);
    run_.create(PluginNet(network, run_.packed(), rule_, spec_.wrappers));
    for (std::size_t i = 0; i < state_.layout().size(); ++i)
        write_state(i);
}

void PluginDevice::set_data(const TrainingPart<float> &part, const TargetsView<float> &y,
                            Index largest_batch) {
    refuse_unsupported(part.X);
    const DeepgenData data{.n_rows = part.X.n_rows,
                           .n_columns = part.X.n_columns,
                           .X = part.X.dense,
                           .values = y.values,
                           .classes = y.classes,
                           .weights = y.weights,
                           .largest_batch = largest_batch};
    run_.call(run_.table().set_data, &data);
}

void PluginDevice::write_state(std::size_t number) {
    run_.write(DEEPGEN_STATE + static_cast<std::int32_t>(number),
               optimizer_->state()[number].numbers);
}

void PluginDevice::load_state(std::size_t number, const float *from) {
    state_.load(number, from);
    write_state(number);
}

void PluginDevice::store_state(std::size_t number, float *to) const {
    run_.read(DEEPGEN_STATE + static_cast<std::int32_t>(number),
              optimizer_->state()[number].numbers);
    state_.store(number, to);
}

void PluginDevice::begin_epoch(const Epoch &epoch) {
    dropout_key_ = epoch.key(random::Purpose::dropout);
    branch_key_ = epoch.key(random::Purpose::branches);
    run_.call(run_.table().set_order, epoch.order.size, epoch.order.samples);
}

DeepgenSlice PluginDevice::slice_of(std::span<const PlannedStep> steps) {
    static_assert(std::tuple_size_v<RuleConstants> == DEEPGEN_N_CONSTANTS);
    const std::size_t n_factors = rule_.n_factors();
    constants_.clear();
    decays_.clear();
    for (const PlannedStep &step : steps) {
        const RatedRule<float>::Numbers numbers = rule_.numbers(step.size);
        for (std::size_t i = 0; i < n_factors; ++i) {
            std::ranges::copy(numbers.constants[i], std::back_inserter(constants_));
            decays_.push_back(numbers.decays[i]);
        }
    }
    steps_.clear();
    for (std::size_t i = 0; i < steps.size(); ++i)
        steps_.push_back({.begin = steps[i].positions.begin,
                          .end = steps[i].positions.end,
                          .weight_sum = steps[i].weight_sum,
                          .penalty = steps[i].penalty,
                          .dropout = steps[i].dropout.value_or(-1.0),
                          .constants = constants_.data() + i * n_factors * DEEPGEN_N_CONSTANTS,
                          .decays = decays_.data() + i * n_factors});
    reports_.assign(steps.size(), {});
    return {.dropout_key = dropout_key_,
            .branch_key = branch_key_,
            .n_steps = std::ssize(steps_),
            .steps = steps_.data(),
            .reports = reports_.data()};
}

void PluginDevice::run(std::span<const PlannedStep> steps, Index, std::span<StepReport> reports) {
    if (steps.empty())
        return;
    const DeepgenSlice slice = slice_of(steps);
    participation_.run(run_.get(), slice);
    std::ranges::transform(reports_, reports.begin(), [](const DeepgenReport &report) {
        return StepReport{report.finite != 0, report.loss, report.gradient_squares,
                          report.weight_squares};
    });
}

template <class T>
std::unique_ptr<Device<T>> make_plugin_device(const Plugin &plugin, const Network<T> &network,
                                              const OptimizerSpec &optimizer) {
    refuse_unsupported(network);
    refuse_unsupported(optimizer);
    if constexpr (std::is_same_v<T, float>)
        return std::make_unique<PluginDevice>(plugin, network, optimizer);
    else
        return nullptr; // refused
}

template std::unique_ptr<Device<float>> make_plugin_device(const Plugin &, const Network<float> &,
                                                           const OptimizerSpec &);
template std::unique_ptr<Device<double>> make_plugin_device(const Plugin &, const Network<double> &,
                                                            const OptimizerSpec &);

} // namespace deepgen
