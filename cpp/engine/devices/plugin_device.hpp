// A device behind a plugin. The optimizer of the processor stands beside it as a mirror: its state
// has the names, the order and the first values, and is filled when somebody asks for it.

#pragma once

#include "engine/devices/launcher.hpp"
#include "engine/devices/optimizer_state.hpp"
#include "engine/devices/plugin_net.hpp"

namespace deepgen {

class PluginDevice final : public Device<float> {
  public:
    PluginDevice(const Plugin &plugin, const Network<float> &network,
                 const OptimizerSpec &optimizer);

    void prepare(const TrainingSpec &) override;
    void set_data(const TrainingPart<float> &part, const TargetsView<float> &y,
                  Index largest_batch) override;

    void load(const float *flat) override;
    void store(float *flat) const override;

    std::vector<StateVector> state_layout() const override { return state_.layout(); }
    void load_state(std::size_t number, const float *from) override;
    void store_state(std::size_t number, float *to) const override;

    void begin_epoch(const Epoch &) override;
    void run(std::span<const PlannedStep> steps, Index n_threads,
             std::span<StepReport> reports) override;

  private:
    // Calls a function of the plugin's table that takes the run; throws what it reports.
    template <class... Parameters, class... Arguments>
    void call(std::int32_t (*function)(DeepgenRun *, Parameters...),
              const Arguments &...arguments) const;
    void write_state(std::size_t number);
    // Calls work(array of the ABI, flat offset, width) for the running statistics of each layer.
    template <class Work>
    void for_each_statistic(Work work) const;
    DeepgenSlice slice_of(std::span<const PlannedStep> steps);

    const DeepgenPlugin &table_;
    const Network<float> &network_;
    OptimizerSpec spec_;
    PackedLayout<float> packed_;
    std::unique_ptr<Optimizer<float>> optimizer_;
    OptimizerState<float> state_;
    RatedRule<float> rule_;
    std::unique_ptr<DeepgenRun, void (*)(DeepgenRun *)> run_;
    Participation participation_;

    std::uint64_t dropout_key_ = 0, branch_key_ = 0; // of the epoch

    // Of the slice.
    std::vector<DeepgenStep> steps_;
    std::vector<double> constants_, decays_;
    std::vector<DeepgenReport> reports_;
};

// Refuses by name what no plugin can do.
template <class T>
std::unique_ptr<Device<T>> make_plugin_device(const Plugin &plugin, const Network<T> &network,
                                              const OptimizerSpec &optimizer);

} // namespace deepgen
