// One batch through a network and back: the working memory, and the steps that every thread of a
// team takes.
//
// Phase 1, split by rows: gather, forward, loss, gradient down the layers. No thread waits for
// another, but for batch norm, which meets once each way. Phase 2, split by tiles of weights: dW of
// a tile over the whole batch, handed to a sink while it is hot. Between the two, and before the
// next batch, the caller lets the team meet.

#pragma once

#include "engine/network/batch_inputs.hpp"
#include "engine/network/parameters.hpp"
#include "engine/network/work.hpp"

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

// What a layer's slopes are, on their way back: of its output, of its branch before a skip, of what
// its activation takes, and of its product. Where the product that brings them applies the gate,
// the first is the third already.
enum class Slopes { output, branch, normalized, product };

// Matrices whose products X^T dZ, layer by layer, add to the gradient of the weights; the inputs of
// layer 0 are X itself, where it takes part.
template <class T>
struct OuterTerm {
    bool with_X;
    FunctionRef<Rows<const T>(Index layer)> inputs, slopes;
};

template <class T>
class Pass {
  public:
    enum class Purpose { inference, loss, gradient }; // each needs the memory of those before

    // Room for max_rows rows, and for those that a training step changes.
    Pass(const Network<T> &network, Index max_rows, Index team_size, bool dense_inputs,
         Purpose purpose, const ChangedRoom &changed = {});

    // Phase 1, up to layer `last`; of that one perhaps only the product.
    void forward(const Team &, const Batch<T> &, const Inputs<T> &, PackedParameters<T> &,
                 Index last, Part part);
    // The loss of each row block and, with room for a gradient, the slopes of the outputs.
    void loss_and_slopes(const Team &, const Batch<T> &, const Targeted<T> &);
    // After that, other slopes of the outputs: the loss's sampled ones.
    void sampled_slopes(const Team &, const Batch<T> &, const Targeted<T> &, std::uint64_t key);
    // What the loss of a row weighs; under mixup, of it and its partner.
    static double row_weight(const Batch<T> &, const Targeted<T> &, Index row);
    // The visitor sees this thread's rows of each layer's slopes in every state that they pass.
    using Visit = FunctionRef<void(Index layer, Slopes)>;
    void backward(const Team &, const Batch<T> &, PackedParameters<T> &, Visit visit);
    void backward(const Team &, const Batch<T> &, PackedParameters<T> &);

    // Phase 2. The sink is called for every stretch of packed weights once, whoever the thread.
    using Sink = FunctionRef<void(Index stretch, const WorkItem &, const GradientTile<T> &)>;
    void weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &, Sink sink);
    // The same of other matrices: the sink is called once for each term of a stretch. `vectors`
    // adds a layer's gradient of bias, scale and shift to zeros.
    using Vectors = FunctionRef<void(Index layer, T *gradient)>;
    void weight_gradients(const Team &, const Batch<T> &, const Inputs<T> &,
                          std::span<const OuterTerm<T>> terms, Vectors vectors, Sink sink);

    // The sink again, for a gradient that was written out: packed as the weights are.
    void show_gradient(const Team &, const T *gradient, Sink sink) const;

    // The batch's loss, in order over row blocks; after the team has met.
    double batch_loss(Index n_rows) const;

    Index n_stretches() const { return work_->n_stretches(); }

    // a_l of the forward pass, or z_l where it stopped at the product.
    Rows<const T> result(Index layer, Part part, Index n_rows) const;
    // After the backward pass: a_{l-1} (null for sparse X) and dL/dz_l, with dL/dz_T in the columns
    // of a gate.
    Rows<const T> inputs(Index layer, Index n_rows) const;
    Rows<const T> product_slopes(Index layer, Index n_rows) const;
    // On the way back: of the layer's output, branch or what its activation takes.
    Rows<const T> slopes(Index layer, Index n_rows) const;
    SparseBlock<T> features(const Inputs<T> &X, Index n_rows) const { // of sparse X
        return inputs_.sparse(X, {0, n_rows});
    }
    // What meets at the layer's skip.
    SkipCall<T> skip_call(Index layer, Share rows) const;
    // The slopes of the outputs, for those who bring their own.
    Rows<T> output_slopes(Index n_rows);
    // What the activation's derivatives are computed from.
    Rows<const T> bends(Index layer, Index n_rows) const;
    const NormalizationMemory<T> &normalization(Index layer) const {
        return *layers_[as_size(layer)].normalization;
    }

    // The gradient of the intercepts, a gate's included, from the product's slopes.
    void intercept_gradient(Index layer, const Rows<const T> &slopes, T *gradient) const;

    // This thread's rows: whole row blocks, so that block sums have one owner.
    [[nodiscard]] static Share row_share(const Team &, Index n_rows);
    // One row block of the gathered targets, for the loss; its gradient is the outputs' slopes.
    LossRows<T> loss_rows(const Batch<T> &, const Targeted<T> &, Index row);
    // a_{l-1} W_l + b_l of some rows with any parameters, max(., 0) when `relu`.
    void multiply(const Inputs<T> &, const PackedParameters<T> &, Index layer, Share rows, T *z,
                  Index stride, bool relu) const;

  private:
    struct LayerMemory {
        Index stride;
        Buffer<T> output; // a
        Buffer<T> value;  // what the activation's slope is computed from, where that is not a
        Buffer<T> slope;  // dL/da, then dL/dz
        Buffer<T> branch; // h, which the way back through a gate needs beside a
        Index product_stride = 0;
        Buffer<T> product;       // z and the gate's z_T, then T; only with a gate
        Buffer<T> product_slope; // dL/dz and dL/dz_T
        std::unique_ptr<NormalizationMemory<T>> normalization;
    };
    struct ThreadMemory {
        Buffer<T> gradient;                // of one item
        std::vector<std::int64_t> cursors; // of the batch's CSR rows
        Buffer<T> partner_slopes;          // of a row block
    };

    void layer_forward(const Team &, const Batch<T> &, PackedParameters<T> &, Index layer,
                       Share rows);
    void activation_backward(const Batch<T> &, Index layer, Share rows);
    void normalization_backward(const Team &, const Batch<T> &, PackedParameters<T> &, Index layer,
                                Share rows);
    NormalizationCall<T> normalization_call(const Batch<T> &, PackedParameters<T> &, Index layer,
                                            Share rows, T *y, Index stride);
    // Where a product's z and a layer's h go.
    Rows<T> product_target(Index layer);
    T *branch_of(Index layer) {
        LayerMemory &memory = layers_[as_size(layer)];
        return (memory.branch.empty() ? memory.output : memory.branch).data();
    }
    void part_from_gate(Index layer, Share rows, T *z, Index stride);
    void skip_forward(Index layer, Share rows, T *output, Index stride);
    void skip_backward(Index layer, Share rows);
    void join_gate(Index layer, Share rows);
    void drop(const Batch<T> &, Index layer, Share rows, T *matrix, Index stride) const;
    void drop_branches(const Batch<T> &, Index layer, Share rows, T *matrix, Index stride) const;
    // The targets of a row block and what their losses weigh: of the rows themselves or of their
    // partners.
    void gather_targets(const Batch<T> &, const Targeted<T> &, Share block, bool of_partners);

    const Network<T> &network_;
    BatchInputs<T> inputs_;
    std::vector<LayerMemory> layers_;
    std::vector<ThreadMemory> threads_;
    Buffer<T> targets_, weights_;
    std::vector<std::int32_t> classes_;
    std::vector<double> block_loss_;
    std::optional<Work<T>> work_;
};

} // namespace deepgen
