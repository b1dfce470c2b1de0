// What training asks of an optimizer, and what an optimizer may ask of the batch at hand.
//
// Four shapes share this one interface.
//
//   (a) Elementwise rules visit the gradient once and move each chunk of weights while it is hot
//       (rules/).
//   (b) Wrappers own another optimizer and hand it a changed view of the batch: a clipped gradient,
//       or one from another point (wrapper.hpp, wrappers/).
//   (c) Preconditioners multiply the whole gradient, layer by layer, before a rule of (a) takes it
//       (preconditioners/); K-FAC reads the layers' statistics for it.
//   (d) Full-batch methods (L-BFGS) are driven from outside over Network::loss_and_gradient and
//       need nothing here.
//
// A weight moves while its gradient is in the cache. So control is turned inside out twice: the
// pass calls the step's sink for each chunk, and the sink calls the optimizer's visitor.
//
//   HostDevice::run
//     Optimizer::step(batch)                    from the outermost wrapper inward
//       batch.evaluate()                        phase 1: forward, loss, backward (Step -> Pass)
//       batch.visit_gradient(visitor)           phase 2, through the wrappers' batches to Step
//         Pass::weight_gradients(sink)            each task computes the gradient of its chunks
//           sink(chunk)                             back in Step
//             visitor(chunk)                          back in the optimizer: Rule::update moves it
//             PackedLayout::transpose_block           Step: W^T of the weights that moved
//
// Every thread of the team takes each step and makes the same calls.

#pragma once

#include "engine/core/lapack.hpp"
#include "engine/core/parallel.hpp"
#include "engine/kernels/kernel_table.hpp"
#include "engine/kernels/packed.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace deepgen {

// A chunk of packed weights with its gradient, while both are in the nearest cache.
template <class T>
struct WeightChunk {
    Index number;      // 0 .. n_weight_chunks()-1, for sums that are combined in order
    Index offset;      // in the packed weights
    Index n;           // whole cache lines
    const T *gradient; // of the loss without L2
    bool coefs;        // of a matrix: L2 and decay act on it, not on vectors
};

// The inputs of a layer and its gradients in this batch: dL/dW = inputs^T gradients.
template <class T>
struct LayerStatistics {
    Rows<const T> inputs;    // a_{l-1}; null where the rows are sparse
    SparseBlock<T> features; // the rows of X then, each with rising indices
    Rows<const T> gradients; // dL/dz_l, the loss being a mean over the batch
};

template <class T>
class BatchGradient {
  public:
    virtual ~BatchGradient() = default;

    // Runs forward and back at the current weights; returns the loss without L2, the same on every
    // thread. If it is not finite, nothing more may be called. A second evaluation uses the same
    // dropout masks and leaves the running statistics alone.
    enum class Evaluation { first, again };
    [[nodiscard]] virtual double evaluate(const Team &, Evaluation) = 0;

    // Calls the visitor with each chunk of the last evaluation's gradient, once, on some thread; it
    // may be called once per evaluation. The visitor returns whether it moved the chunk's weights.
    // The team has met when this returns.
    using Visitor = FunctionRef<bool(const WeightChunk<T> &)>;
    virtual void visit_gradient(const Team &, Visitor) = 0;

    // Calls the visitor with the same chunks of a gradient that was stored, packed as the weights.
    virtual void visit_stored_gradient(const Team &, const T *gradient, Visitor) = 0;

    // To be called after the weights were moved outside of the two above: the team meets and
    // recomputes what is derived from the weights.
    virtual void weights_moved(const Team &) = 0;

    // The next evaluations drop the units and branches that this member drops; 0 as without this.
    virtual void use_draws_of(Index member) = 0;

    // Runs back once more, from the gradients of targets that are drawn from the model's own
    // predictions (Loss::sampled_gradient). The statistics are then of those, and the gradient of
    // the weights is lost.
    virtual void backward_from_sampled_targets(const Team &, std::uint64_t key) = 0;

    virtual LayerStatistics<T> statistics(Index layer) const = 0;
    virtual double row_share(Index row) const = 0; // the row's weight over that of the batch

    virtual T *weights() = 0; // packed
    virtual Index n_weights() const = 0;
    virtual Index n_weight_chunks() const = 0;
    virtual double penalty() const = 0; // L2 of this batch: alpha over its weight sum
};

// One step's place in training.
struct StepSize {
    Index count; // steps count from 1
    double rate;
    std::optional<double> weight_decay = std::nullopt; // in place of the rule's own
};

// The result of a step.
struct [[nodiscard]] StepReport {
    bool finite;             // false: the loss was not, and the step was not made
    double loss;             // without L2, before the step
    double gradient_squares; // squared norm of the gradient with L2, before the step
    double weight_squares;   // squared norm of the weights that L2 acts on, before the step
};

// What the learning rate of some weights is multiplied by, by their role; 1 for other roles.
using RateFactors = std::map<std::string, double, std::less<>>;

// The roles that there are: matrices, a gate's included, apart from them that of the first layer
// (a matrix like the others where no factor names it), intercepts, the vectors of norms,
// reparametrizations and activations, and what stands before the first layer.
inline constexpr std::string_view rate_roles[] = {"coefs", "first_coefs", "intercepts",
                                                  "scale", "shift",       "gain",
                                                  "slope", "embedding",   "input_scale"};

// The training that an optimizer is made for.
struct OptimizerContext {
    PackedWeights weights;
    std::uint64_t seed;  // of the run; each purpose has its own stream, keyed by the step's count
    bool likelihood;     // the loss is one, so that targets can be sampled
    bool reparametrized; // some weights in the products are made of those that move
    RateFactors rate_factors = {};
    std::span<const IndexRange> front = {}; // packed numbers of each block of each embedded feature
};

// A named array of an optimizer's state, for saving.
template <class T>
struct StateArray {
    std::string name; // starts with the member's own
    std::span<T> numbers;
    bool packed; // one number for each weight, in their order; or several such vectors
};

template <class T>
class Optimizer {
  public:
    virtual ~Optimizer() = default;

    // Makes the state as it is before the first step.
    virtual void allocate(const OptimizerContext &) = 0;

    // Makes the working memory for steps of so many rows on so many threads; it is no state.
    virtual void make_room([[maybe_unused]] Index n_rows, [[maybe_unused]] Index n_threads,
                           [[maybe_unused]] bool dense_inputs) {}

    // The report is the same on every thread.
    virtual StepReport step(const Team &, BatchGradient<T> &, StepSize) = 0;

    // All that the next step needs from the steps before.
    virtual std::vector<StateArray<T>> state() = 0;

    // To be called after numbers were written into the arrays of state().
    virtual void state_loaded() {}
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
