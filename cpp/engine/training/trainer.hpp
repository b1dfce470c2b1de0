// Training: batches in the epoch's order, forward and back, the optimizer's rule on each tile of
// the gradient.
//
// Python asks for a slice of steps, at most to the epoch's end. A slice is one parallel region; a
// step meets twice. Slicing and threads leave the bits alone: what a step does depends on the
// epoch, its place in it and the weights.

#pragma once

#include "engine/network/pass.hpp"
#include "engine/optimizers/optimizer.hpp"
#include "engine/training/mixup.hpp"

#include <optional>

namespace deepgen {

struct TrainingSpec {
    double alpha = 0.0; // L2: alpha / 2 ||W||^2 over the batch's weight sum
    Index batch_size;
    bool shuffle = true;
    std::uint64_t seed = 0;
    Component augmentation{"none", {}};
    double mixup = 0.0;                              // of Beta(mixup, mixup); 0: no row is mixed
    RateFactors rate_factors = {};                   // by the role of parameters
    std::optional<Component> pretext = std::nullopt; // learns from X alone, without targets

    bool changes_rows() const { return augmentation.name != "none" || mixup > 0.0; }
};

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
    Trainer(const Network<T> &network, std::unique_ptr<Optimizer<T>> optimizer,
            const TrainingSpec &spec);

    // What to train on; pointers stay the caller's. `rows` are those of the training part. Of y, a
    // pretext task takes the weights alone.
    void set_data(const Inputs<T> &X, const TargetsView<T> &y, const Selection &rows);

    void load(const T *flat);
    void store(T *flat) const { parameters_.store(network_, flat); }

    void begin_epoch(std::uint64_t epoch);
    // At most rates.size() more steps; rates[i] is the learning rate of the i-th of them.
    Progress run(std::span<const double> rates, Index n_threads, const MovingSettings &moving = {});

    Index steps_per_epoch() const { return static_cast<Index>(batch_ends_.size()); }
    Index position() const { return batch_begin(next_batch_); }
    // Multiply-adds of one step, forward and back; for deciding how many threads are worth while.
    double step_work() const { return step_work_; }

    // The optimizer's state, and the number of steps made so far. A packed array is stored and
    // loaded as flat vectors of all parameters, one after the other.
    std::vector<StateArray<T>> state() const { return optimizer_->state(); }
    Index stored_size(const StateArray<T> &) const;
    void store_state(const StateArray<T> &, T *numbers) const;
    void load_state(const StateArray<T> &, const T *numbers);
    Index n_steps() const { return n_steps_; }
    bool has_pretext() const { return spec_.pretext.has_value(); }
    void set_n_steps(Index n) { n_steps_ = n; }

  private:
    Index batch_begin(Index number) const {
        return number == 0 ? 0 : batch_ends_[as_size(number - 1)];
    }
    Batch<T> batch(Index number) const;
    AugmentationScratch augmentation_scratch() const;
    void repeat_views();
    void record(const StepReport &report, double penalty, Index n_rows);

    const Network<T> &network_;
    TrainingSpec spec_;
    std::unique_ptr<Optimizer<T>> optimizer_;
    PackedParameters<T> parameters_;
    Index n_steps_ = 0;

    Inputs<T> X_{};
    TargetsView<T> y_{};
    std::vector<std::int64_t> rows_;  // the training part
    std::vector<std::int64_t> order_; // of the epoch, each batch view after view
    Index n_views_ = 1;
    std::vector<Index> batch_ends_; // positions in the epoch
    std::vector<double> batch_weights_;
    Index largest_batch_ = 0;
    double step_work_ = 0.0;
    Index next_batch_ = 0;
    Progress progress_; // of the epoch
    std::uint64_t dropout_key_ = 0;
    std::uint64_t branch_key_ = 0;
    std::unique_ptr<Augmentation<T>> augmentation_; // null where no row changes
    Mixup mixup_;
    std::unique_ptr<Pretext<T>> pretext_; // null where y has the targets

    std::optional<Pass<T>> pass_;
    Buffer<T> collected_; // a whole gradient, where the network is reparametrized
    Index team_size_ = 0;
};

} // namespace deepgen
