// What training asks of a pretext task: loss and gradients of the outputs of a batch, from the rows
// themselves instead of targets.
//
//   L = sum_i w_i l_i / sum_i w_i,   l_i from the outputs of the batch, the rows as layer 0 saw
//   them (changed by the augmentation) and the same rows unchanged
//
// A task may look at each row more than once: then a batch consists of views, all rows of the first
// and all rows of the next, and the augmentation changes those of the last view only.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/core/parallel.hpp"
#include "engine/core/samples.hpp"
#include "engine/kernels/kernel_table.hpp"

#include <memory>

namespace deepgen {

// A batch after the pass forward.
template <class T>
struct PretextRows {
    Selection samples; // of X, by row
    double weight_sum; // of the rows of one view
    Rows<const T> inputs;
    Rows<const T> outputs;
    Rows<T> gradients;  // of the outputs
    double *block_loss; // sum_i w_i l_i of each row block
};

template <class T>
class Pretext {
  public:
    virtual ~Pretext() = default;

    virtual void make_room([[maybe_unused]] Index max_rows, [[maybe_unused]] Index team_size) {}

    // Writes the losses and gradients of `rows`, whole row blocks that this thread has; the whole
    // team calls it, each thread once its own outputs are computed.
    virtual void evaluate(const Team &, const PretextRows<T> &, IndexRange rows) = 0;
};

template <class T>
struct PretextCall {
    const Settings &settings;
    const Kernels<T> &kernels;
    const TrainingPart<T> &part;
    Index n_outputs;
};

struct PretextEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    Index n_views = 1;
    // Does the loss of a row depend on the other rows of its batch, which are then two or more?
    bool couples_rows = false;
    std::unique_ptr<Pretext<float>> (*make_float)(const PretextCall<float> &);
    std::unique_ptr<Pretext<double>> (*make_double)(const PretextCall<double> &);
};

template <class T, template <class> class Member>
std::unique_ptr<Pretext<T>> make_member(const PretextCall<T> &call) {
    return std::make_unique<Member<T>>(call);
}

std::span<const PretextEntry *const> pretexts();

// Refuses names and settings that are not known, before there are data.
const PretextEntry &checked_pretext(const Component &component);

// Looks at the training part once; refuses CSR, and outputs that do not fit the task.
template <class T>
std::unique_ptr<Pretext<T>> make_pretext(const Component &component, const Kernels<T> &kernels,
                                         const TrainingPart<T> &part, Index n_outputs);

} // namespace deepgen
