// The processor as a device: a slice of steps is one parallel region, and a step meets twice.

#pragma once

#include "engine/devices/device.hpp"
#include "engine/devices/mixup.hpp"
#include "engine/devices/optimizer_state.hpp"
#include "engine/network/pass.hpp"

namespace deepgen {

template <class T>
class HostDevice final : public Device<T> {
  public:
    HostDevice(const Network<T> &network, std::unique_ptr<Optimizer<T>> optimizer)
        : network_(network), optimizer_(std::move(optimizer)),
          state_(*optimizer_, network.packed()), parameters_(network) {}

    void prepare(const TrainingSpec &) override;
    void set_data(const TrainingPart<T> &part, const TargetsView<T> &y,
                  Index largest_batch) override;

    void load(const T *flat) override;
    void store(T *flat) const override { parameters_.store(network_, flat); }

    std::vector<StateVector> state_layout() const override { return state_.layout(); }
    void load_state(std::size_t number, const T *from) override { state_.load(number, from); }
    void store_state(std::size_t number, T *to) const override { state_.store(number, to); }

    void begin_epoch(const Epoch &) override;
    void run(std::span<const PlannedStep> steps, Index n_threads,
             std::span<StepReport> reports) override;

  private:
    void make_room(Index n_threads);
    AugmentationScratch augmentation_scratch() const;
    Batch<T> batch(const PlannedStep &) const;

    const Network<T> &network_;
    std::unique_ptr<Optimizer<T>> optimizer_;
    OptimizerState<T> state_;
    PackedParameters<T> parameters_;
    TrainingSpec spec_;

    TrainingPart<T> part_{};
    TargetsView<T> y_{};
    Index largest_batch_ = 0;
    Index n_views_ = 1;
    std::unique_ptr<Augmentation<T>> augmentation_; // null where no row changes
    std::unique_ptr<Pretext<T>> pretext_;           // null where y has the targets

    // Of the epoch.
    Selection order_{0};
    std::uint64_t dropout_key_ = 0;
    std::uint64_t branch_key_ = 0;
    Mixup mixup_;

    std::optional<Pass<T>> pass_;
    Buffer<T> collected_; // a whole gradient, where the network is reparametrized
    Index team_size_ = 0;
};

} // namespace deepgen
