// A device behind a plugin. The optimizer of the processor stands beside it as a mirror: its state
// has the names, the order and the first values, and is filled when somebody asks for it.

#pragma once

#include "engine/devices/launcher.hpp"
#include "engine/devices/optimizer_state.hpp"
#include "engine/devices/plugin_run.hpp"

namespace deepgen {

class PluginDevice final : public Device<float> {
  public:
    PluginDevice(const Plugin &plugin, const Network<float> &network,
                 const OptimizerSpec &optimizer);

    void prepare(const TrainingSpec &) override;
    void set_data(const TrainingPart<float> &part, const TargetsView<float> &y,
                  Index largest_batch) override;

    void load(const float *flat) override { run_.load(flat); }
    void store(float *flat) const override { run_.store(flat); }

    std::vector<StateVector> state_layout() const override { return state_.layout(); }
    void load_state(std::size_t number, const float *from) override;
    void store_state(std::size_t number, float *to) const override;

    void begin_epoch(const Epoch &) override;
    void run(std::span<const PlannedStep> steps, Index n_threads,
             std::span<StepReport> reports) override;

  private:
    void write_state(std::size_t number);
    DeepgenSlice slice_of(std::span<const PlannedStep> steps);

    PluginRun run_;
    OptimizerSpec spec_;
    std::unique_ptr<Optimizer<float>> optimizer_;
    OptimizerState<float> state_;
    RatedRule<float> rule_;
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
