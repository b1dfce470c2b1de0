// One batch through a network and back: the working memory, and the steps that every thread of a
// team takes.
//
// Phase 1, split by rows: gather, forward, loss, gradient down the layers. No thread waits for
// another, but for batch norm, which meets once each way. Phase 2, split by tiles of weights: dW of
// a tile over the whole batch, handed to a sink while it is hot. Between the two, and before the
// next batch, the caller lets the team meet.

#pragma once

#include "engine/network/batch_inputs.hpp"
#include "engine/network/front_memory.hpp"
#include "engine/network/layer_values.hpp"
#include "engine/pretexts/pretext.hpp"

#include <array>
#include <span>

namespace deepgen {

// What a sink gets: the gradient of n packed numbers from `offset`; `coefs` tells weights from
// vectors.
template <class T>
struct GradientTile {
    const T *gradient;
    Index offset;
    Index n;
    bool coefs;
};

// The stages of the backward pass at which a visitor sees a layer's gradients: with respect to the
// layer's output, to its branch before a skip, to the activation's input, and to the product z.
// Where the product that computes dL/da also applies the mask, `output` already equals
// `normalized`.
enum class GradientStage { output, branch, normalized, product };
inline constexpr std::array gradient_stages{GradientStage::output, GradientStage::branch,
                                            GradientStage::normalized, GradientStage::product};

// Matrices whose products X^T dZ, layer by layer, add to the gradient of the weights; the inputs of
// layer 0 take part or not.
template <class T>
struct OuterTerm {
    bool with_inputs;
    FunctionRef<Rows<const T>(Index layer)> inputs, gradients;
};

template <class T>
class Pass {
  public:
    enum class Purpose { inference, loss, gradient }; // each needs the memory of those before

    // Room for max_rows rows, and for those that a training step changes.
    Pass(const Network<T> &network, Index max_rows, Index team_size, bool dense_inputs,
         Purpose purpose, const AugmentationScratch &scratch = {});

    // Phase 1, up to layer `last`; of that one perhaps only the product.
    void forward(const Team &, const Batch<T> &, const Inputs<T> &, PackedParameters<T> &,
                 Index last, Part part);
    // In place of that, where its values stand: the rows of X alone. Exchanged are those of all
    // layers for others of the same network and number of rows, while the team waits; a front's are
    // not among them.
    void gather(const Team &, const Batch<T> &, const Inputs<T> &);
    void exchange(std::vector<LayerValues<T>> &);
    // The loss of each row block and, with room for a gradient, the gradients of the outputs.
    void loss_and_output_gradients(const Team &, const Batch<T> &, const TargetsView<T> &);
    // The same of a pretext task.
    void loss_and_output_gradients(const Team &, const Batch<T> &, Pretext<T> &);
    // After that, replaces the gradients of the outputs by those that the loss samples.
    void sampled_output_gradients(const Team &, const Batch<T> &, const TargetsView<T> &,
                                  std::uint64_t key);
    // What the loss of a row weighs; under mixup, of it and its partner.
    static double row_weight(const Batch<T> &, const TargetsView<T> &, Index row);
    // The visitor sees this thread's rows of each layer's gradients at every stage.
    using Visit = FunctionRef<void(Index layer, GradientStage)>;
    void backward(const Team &, const Batch<T> &, PackedParameters<T> &, Visit visit);
    void backward(const Team &, const Batch<T> &, PackedParameters<T> &);

    // Phase 2. The sink is called for every chunk of packed weights once, whoever the thread; or
    // for those of some tasks, which are this thread's.
    using Sink = FunctionRef<void(Index chunk, const GradientTask &, const GradientTile<T> &)>;
    void weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,
                          const PackedParameters<T> &, Sink sink);
    void weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,
                          const PackedParameters<T> &, std::span<const GradientTask> tasks,
                          Sink sink);
    // The same of other matrices: the sink is called once for each term of a chunk. `vectors`
    // adds a layer's gradient of bias, scale and shift to zeros; `front` writes that of a task.
    using Vectors = FunctionRef<void(Index layer, T *gradient)>;
    using Front = FunctionRef<void(const GradientTask &, T *gradient)>;
    void weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,
                          std::span<const GradientTask> tasks, std::span<const OuterTerm<T>> terms,
                          Vectors vectors, Front front, Sink sink);
    // This thread's share of all tasks.
    std::span<const GradientTask> tasks(const Team &team) const { return tasks_->tasks_of(team); }

    // The sink again, for a gradient that was written out: packed as the weights are.
    void visit_stored_gradient(const Team &, const T *gradient, Sink sink) const;

    // The batch's loss, in order over row blocks; after the team has met.
    double batch_loss(Index n_rows) const;

    Index n_weight_chunks() const { return tasks_->n_weight_chunks(); }

    // a_l of the forward pass, or z_l where it stopped at the product.
    Rows<const T> result(Index layer, Part part, Index n_rows) const;
    FrontMemory<T> &front() { return *front_; } // where the network has one
    const FrontMemory<T> &front() const { return *front_; }
    // After the backward pass: a_{l-1} (null for sparse X) and dL/dz_l, with dL/dz_T in the columns
    // of a gate.
    Rows<const T> inputs(Index layer, Index n_rows) const;
    Rows<const T> product_gradients(Index layer, Index n_rows) const;
    // On the way back: dL/da, dL/dh or dL/dy of the layer, as far as the pass has come.
    Rows<const T> gradients(Index layer, Index n_rows) const;
    SparseBlock<T> features(const Inputs<T> &X, Index n_rows) const { // of sparse X
        return inputs_.sparse(X, {0, n_rows});
    }
    // What meets at the layer's skip.
    SkipCall<T> skip_call(Index layer, IndexRange rows) const;
    // The gradients of the outputs, for callers that write their own.
    Rows<T> output_gradients(Index n_rows);
    // What the activation's slope is computed from: its input or its value.
    Rows<const T> slope_inputs(Index layer, Index n_rows) const;
    // The gradients of a trained slope, row by row; null where the activation has none.
    Rows<const T> slope_gradients(Index layer, Index n_rows) const {
        const LayerMemory &memory = layers_[as_size(layer)];
        return {n_rows, network_.layers()[as_size(layer)].width, memory.lifted.data(),
                memory.stride};
    }
    const NormalizationMemory<T> &normalization(Index layer) const {
        return *layers_[as_size(layer)].normalization;
    }

    // The gradient of the intercepts, a gate's included, from the product's gradients.
    void intercept_gradient(Index layer, const Rows<const T> &gradients, T *gradient) const;

    // This thread's rows: whole row blocks, so that block sums have one owner.
    [[nodiscard]] static IndexRange row_range(const Team &, Index n_rows);
    // One row block of the gathered targets, for the loss; its gradient is that of the outputs.
    LossRows<T> loss_rows(const Batch<T> &, const TargetsView<T> &, Index row);
    // a_{l-1} W_l + b_l of some rows with any parameters, max(., 0) when `relu`.
    void multiply(const Inputs<T> &, const PackedParameters<T> &, Index layer, IndexRange rows,
                  T *z, Index stride, bool relu) const;

  private:
    struct LayerMemory : LayerValues<T> {
        using LayerValues<T>::LayerValues;

        Index stride;
        Buffer<T> gradients; // dL/da, then dL/dz
        Buffer<T> lifted;    // dL/dh dh/da, where the activation has a trained slope a
        Index product_stride = 0;
        Buffer<T> product_gradients; // dL/dz and dL/dz_T
    };
    struct ThreadMemory {
        Buffer<T> gradient;                // of one task
        std::vector<std::int64_t> cursors; // of the batch's CSR rows
        Buffer<T> partner_gradients;       // of a row block
    };

    void layer_forward(const Team &, const Batch<T> &, PackedParameters<T> &, Index layer,
                       IndexRange rows);
    void front_backward(const Batch<T> &, const PackedParameters<T> &, IndexRange rows);
    void activation_backward(const Batch<T> &, const PackedParameters<T> &, Index layer,
                             IndexRange rows);
    void normalization_backward(const Team &, const Batch<T> &, PackedParameters<T> &, Index layer,
                                IndexRange rows);
    NormalizationCall<T> normalization_call(const Batch<T> &, PackedParameters<T> &, Index layer,
                                            IndexRange rows, T *y, Index stride);
    // Where a product's z and a layer's h go.
    Rows<T> product_target(Index layer);
    T *branch_of(Index layer) {
        LayerMemory &memory = layers_[as_size(layer)];
        return (memory.branch.empty() ? memory.output : memory.branch).data();
    }
    void part_from_gate(Index layer, IndexRange rows, T *z, Index stride);
    void skip_forward(Index layer, IndexRange rows, T *output, Index stride);
    void skip_backward(Index layer, IndexRange rows);
    void join_gate(Index layer, IndexRange rows);
    void drop(const Batch<T> &, Index layer, IndexRange rows, T *matrix, Index stride) const;
    void drop_branches(const Batch<T> &, Index layer, IndexRange rows, T *matrix,
                       Index stride) const;
    // The targets of a row block and what their losses weigh: of the rows themselves or of their
    // partners.
    void gather_targets(const Batch<T> &, const TargetsView<T> &, IndexRange block,
                        bool of_partners);

    const Network<T> &network_;
    BatchInputs<T> inputs_;
    std::optional<FrontMemory<T>> front_;
    std::vector<LayerMemory> layers_;
    std::vector<ThreadMemory> threads_;
    Buffer<T> targets_, weights_;
    std::vector<std::int32_t> classes_;
    std::vector<double> block_loss_;
    std::optional<GradientTasks<T>> tasks_;
};

} // namespace deepgen
