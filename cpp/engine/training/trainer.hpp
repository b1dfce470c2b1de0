// Training: batches in the epoch's order, planned in slices of steps that a device takes.
//
// Python asks for a slice of steps, at most to the epoch's end. Slicing leaves the bits alone: what
// a step does depends on the epoch, its place in it and the weights.

#pragma once

#include "engine/devices/device.hpp"

namespace deepgen {

// What moves from step to step besides the rate, one number a step; empty: nothing does.
struct MovingSettings {
    std::span<const double> dropout = {};      // of layers that drop units
    std::span<const double> weight_decay = {}; // in place of the rule's
};

// What the steps of the epoch so far did. One running sum over the epoch, so that slicing leaves
// its bits alone.
struct [[nodiscard]] Progress {
    Index n_steps = 0;
    Index n_rows = 0;
    double loss = 0.0; // sum of batch loss with L2, before the step, times the batch's rows
    double gradient_norm = 0.0; // sum of the norm of the gradient with L2, before the step
    bool finite = true;         // false: a loss was not finite; that step was not made
    bool epoch_done = false;
};

template <class T>
class Trainer {
  public:
    Trainer(const Network<T> &network, std::unique_ptr<Device<T>> device, const TrainingSpec &spec);

    // What to train on; pointers stay the caller's. `rows` are those of the training part. Of y, a
    // pretext task takes the weights alone.
    void set_data(const Inputs<T> &X, const TargetsView<T> &y, const Selection &rows);

    void load(const T *flat) { device_->load(flat); }
    void store(T *flat) const { device_->store(flat); }

    void begin_epoch(std::uint64_t epoch);
    // Go to a batch of the epoch that has begun, in place of the steps before it; sums of progress
    // begin there. What its steps draw depends on their place, so that they have the bits that they
    // would have after those steps, from the same weights and state.
    void seek(Index batch);
    // At most rates.size() more steps; rates[i] is the learning rate of the i-th of them.
    Progress run(std::span<const double> rates, Index n_threads, const MovingSettings &moving = {});

    Index steps_per_epoch() const { return static_cast<Index>(batch_ends_.size()); }
    Index position() const { return batch_begin(next_batch_); }
    // Multiply-adds of one step, forward and back; for deciding how many threads are worth while.
    double step_work() const { return step_work_; }

    // The optimizer's state, and the number of steps made so far.
    std::vector<StateVector> state_layout() const { return device_->state_layout(); }
    void store_state(std::size_t number, T *to) const { device_->store_state(number, to); }
    void load_state(std::size_t number, const T *from) { device_->load_state(number, from); }
    Index n_steps() const { return n_steps_; }
    void set_n_steps(Index n) { n_steps_ = n; }
    bool has_pretext() const { return spec_.pretext.has_value(); }

  private:
    Index batch_begin(Index number) const {
        return number == 0 ? 0 : batch_ends_[as_size(number - 1)];
    }
    void repeat_views();
    Index plan(std::span<const double> rates, const MovingSettings &moving);
    void record(const StepReport &report, const PlannedStep &step);

    const Network<T> &network_;
    std::unique_ptr<Device<T>> device_;
    TrainingSpec spec_;
    Index n_views_ = 1;         // of each row in a batch
    bool couples_rows_ = false; // some loss needs two rows in a batch
    Index n_steps_ = 0;

    const T *weights_ = nullptr;      // of all rows, or null
    std::vector<std::int64_t> rows_;  // the training part
    std::vector<std::int64_t> order_; // of the epoch, each batch view after view
    std::vector<Index> batch_ends_;   // positions in the epoch
    std::vector<double> batch_weights_;
    double step_work_ = 0.0;
    Index next_batch_ = 0;
    bool begun_ = false; // whether there is an epoch's order for the present data
    Progress progress_;  // of the epoch

    std::vector<PlannedStep> steps_; // of the slice
    std::vector<StepReport> reports_;
};

} // namespace deepgen
