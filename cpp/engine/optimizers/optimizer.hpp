// What training asks of an optimizer, and what an optimizer may ask of the batch at hand.
//
// Four shapes share this one interface.
//
//   (a) Elementwise rules visit the gradient once and move each stretch of weights while it is hot
//       (elementwise.hpp).
//   (b) Wrappers own another optimizer and hand it the batch seen through their own eyes: a
//       clipped gradient, or one from another point (wrapper.hpp).
//   (c) Preconditioners turn the whole gradient, layer by layer, before a rule of (a) takes it
//       (preconditioner.hpp); K-FAC reads the layers' statistics for it.
//   (d) Full-batch methods (L-BFGS) are driven from outside over Network::loss_and_gradient and
//       need nothing here.
//
// Every thread of the team takes each step and asks alike.

#pragma once

#include "engine/core/lapack.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/kernels.hpp"
#include "engine/kernels/packed.hpp"

#include <memory>
#include <string>
#include <vector>

namespace deepgen {

// A stretch of packed weights with its gradient, while both are in the nearest cache.
template <class T>
struct Stretch {
    Index number;      // 0 .. n_stretches-1, for sums that are combined in order
    Index offset;      // in the packed weights
    Index n;           // whole cache lines
    const T *gradient; // of the loss without L2
    bool coefs;        // of a matrix: L2 and decay act on it, not on vectors
};

// What a layer saw in this batch: dL/dW = inputs^T slopes.
template <class T>
struct LayerStatistics {
    Rows<const T> inputs;    // a_{l-1}; null where the rows are sparse
    SparseBlock<T> features; // the rows of X then, each with rising indices
    Rows<const T> slopes;    // dL/dz_l, the loss being a mean over the batch
};

template <class T>
class BatchGradient {
  public:
    virtual ~BatchGradient() = default;

    // Forward and back at the weights as they stand; the loss without L2, the same on every thread.
    // Where it is not finite nothing more may be asked. A second evaluation sees the same dropout
    // masks and leaves the running statistics alone.
    enum class Evaluation { first, again };
    [[nodiscard]] virtual double evaluate(const Team &, Evaluation) = 0;

    // The gradient of the last evaluation, each stretch once, on some thread; once for each
    // evaluation. The visitor says whether it moved the stretch's weights. The team has met when
    // this returns.
    using Visitor = FunctionRef<bool(const Stretch<T> &)>;
    virtual void visit(const Team &, Visitor) = 0;

    // The same stretches with a gradient that was written out: packed, one number for each weight.
    virtual void show(const Team &, const T *gradient, Visitor) = 0;

    // After the weights were moved outside a visit: the team meets, and what is derived from them
    // is made anew.
    virtual void weights_moved(const Team &) = 0;

    // Back again from other slopes of the outputs: those of targets drawn from the model's own
    // predictions (Loss::sampled_slopes). The statistics are then of these, and the gradient is
    // gone.
    virtual void sample(const Team &, std::uint64_t key) = 0;

    virtual LayerStatistics<T> statistics(Index layer) const = 0;
    virtual double row_share(Index row) const = 0; // of the row's weight in that of the batch

    virtual T *weights() = 0; // packed
    virtual Index n_weights() const = 0;
    virtual Index n_stretches() const = 0;
    virtual double penalty() const = 0; // L2 of this batch: alpha over its weight sum
};

// One step's place in training.
struct StepSize {
    Index count; // steps count from 1
    double rate;
};

// What a step tells of itself.
struct [[nodiscard]] StepReport {
    bool finite;             // false: the loss was not, and the step was not made
    double loss;             // without L2, before the step
    double gradient_squares; // squared norm of the gradient with L2, before the step
    double weight_squares;   // squared norm of the weights that L2 acts on, before the step
};

// What an optimizer is made for.
struct Surroundings {
    PackedWeights weights;
    std::uint64_t seed;  // of the run; each purpose has its own stream, keyed by the step's count
    bool samples;        // the loss is a likelihood, so that a batch can be sampled
    bool reparametrized; // some weights in the products are made of those that move
};

// A named piece of an optimizer's memory, for saving.
template <class T>
struct Memory {
    std::string name; // starts with the member's own
    std::span<T> numbers;
    bool packed; // one number for each weight, in their order; or several such lots
};

template <class T>
class Optimizer {
  public:
    virtual ~Optimizer() = default;

    // Memory as it is before the first step.
    virtual void allocate(const Surroundings &) = 0;

    // Working memory for steps of so many rows on so many threads, beside what it remembers.
    virtual void make_room([[maybe_unused]] Index n_rows, [[maybe_unused]] Index n_threads,
                           [[maybe_unused]] bool dense_inputs) {}

    // The report is the same on every thread.
    virtual StepReport step(const Team &, BatchGradient<T> &, StepSize) = 0;

    // All that the next step needs of those before.
    virtual std::vector<Memory<T>> memory() = 0;
};

// A rule and what is wrapped around it, from the rule outward: clipping, then sharpness, then
// averaging.
struct OptimizerSpec {
    Component rule;
    std::vector<Component> wrappers = {};
};

// LAPACK is for those rules alone that need it.
template <class T>
[[nodiscard]] std::unique_ptr<Optimizer<T>>
make_optimizer(const OptimizerSpec &spec, const Kernels<T> &kernels, const Lapack<T> &lapack = {});
[[nodiscard]] bool needs_lapack(std::string_view rule);

// The parameters of each rule and of each wrapper, for the listing.
using Listing = std::vector<std::pair<std::string_view, std::span<const Parameter>>>;
Listing optimizers();
Listing wrappers();

} // namespace deepgen
