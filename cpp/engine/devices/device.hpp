// What training asks of a device: all that has to do with numbers that are trained. The trainer
// plans the steps and adds up their reports; it knows neither how weights are packed nor what they
// are stored in.
//
// A device borrows what it is given: X, y and weights of set_data are the caller's, rows and the
// order of an epoch the trainer's, and all stay as they are until others are given.

#pragma once

#include "engine/core/parallel.hpp"
#include "engine/core/random.hpp"
#include "engine/network/network.hpp"
#include "engine/optimizers/optimizer.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

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

// The rows of an epoch, and the randomness that belongs to it.
struct Epoch {
    std::uint64_t seed, number;
    Selection order;                   // each batch view after view
    std::span<const Index> batch_ends; // positions in the order

    std::uint64_t key(random::Purpose purpose) const {
        return random::child(random::stream(seed, purpose), number);
    }
};

struct PlannedStep {
    Index batch;          // number in the epoch
    IndexRange positions; // in the epoch's order
    double weight_sum;    // of the batch's rows
    double penalty;       // L2: alpha over the weight sum
    StepSize size;
    std::optional<double> dropout = std::nullopt; // in place of that of layers that drop units
};

// An array of the optimizer's state as one flat vector: where it is packed like the weights, it has
// a number for each parameter, or several such vectors one after the other.
struct StateVector {
    std::string name;
    Index size;
};

template <class T>
class Device {
  public:
    virtual ~Device() = default;

    // Refuses what cannot be trained here, and makes the state as it is before the first step.
    virtual void prepare(const TrainingSpec &) = 0;
    // Data that is refused leaves the old in place.
    virtual void set_data(const TrainingPart<T> &part, const TargetsView<T> &y,
                          Index largest_batch) = 0;

    // The weights, as flat vectors.
    virtual void load(const T *flat) = 0;
    virtual void store(T *flat) const = 0;

    // The optimizer's state; vectors go by their number in its layout.
    virtual std::vector<StateVector> state_layout() const = 0;
    virtual void load_state(std::size_t number, const T *from) = 0;
    virtual void store_state(std::size_t number, T *to) const = 0;

    virtual void begin_epoch(const Epoch &) = 0;
    // Writes a report of each step, in order, up to the first whose loss is not finite; that step
    // is not made, nor are those after it.
    virtual void run(std::span<const PlannedStep> steps, Index n_threads,
                     std::span<StepReport> reports) = 0;
};

} // namespace deepgen
