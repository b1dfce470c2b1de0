// K-FAC: natural gradient with a curvature of Kronecker factors.
//
// Of a layer with inputs a (and a 1 for the bias) and gradients s = dl/dz the Fisher information is
// taken to be A (x) G with
//
//   A = E[a a^T],   G = E[s s^T]                       running means, weight 1 - min(1 - 1/k,
//   decay)
//
// over the batch with its weights; s comes from targets drawn from the model's own predictions (the
// Fisher information) or from those at hand (empirical). Every `interval` steps the two are
// renewed, and with them, for the gradient dW (inputs, outputs), the direction
//
//   v = (A + pi r I)^-1 dW (G + r / pi I)^-1,   r = sqrt(damping)                    inverse
//   pi^2 = (tr A / dim A) / (tr G / dim G)
//   v = Q_A ((Q_A^T dW Q_G) / (d_A d_G^T + damping)) Q_G^T                           eigen
//   v <- v min(1, sqrt(kl_clip / (rate^2 sum v dW)))
//
// which momentum and decay take as SGD takes a gradient. Scales and shifts of norms have no such
// factors: their direction is the gradient. Factors above `largest_factor` are block-diagonal.
//
// Martens & Grosse (2015), Optimizing neural networks with Kronecker-factored approximate
// curvature, sections 2-3, 5 (running means) and 6.3 (pi). Eigenbasis: Grosse & Martens (2016), A
// Kronecker-factored approximate Fisher matrix for convolution layers, appendix. The clip is Ba,
// Grosse & Martens (2017), Distributed second-order optimization, section 5.1.

#pragma once

#include "engine/core/shared_items.hpp"
#include "engine/optimizers/preconditioners/factor.hpp"
#include "engine/optimizers/preconditioners/preconditioner.hpp"
#include "engine/optimizers/preconditioners/weight_matrix.hpp"

namespace deepgen {

template <class T>
class KFac final : public Preconditioner<T> {
  public:
    KFac(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels,
         const Lapack<T> &lapack);

    void allocate(const OptimizerContext &) override;
    void make_room(Index n_rows, Index n_threads, bool dense_inputs) override;
    std::vector<StateArray<T>> state() override;
    void state_loaded() override;

  protected:
    void precondition(const Team &, BatchGradient<T> &, StepSize, const T *gradient,
                      T *direction) override;

  private:
    struct Layer {
        Layer(const PackedLayer &packed, Index panel, Index limit);

        WeightMatrix matrix;
        Index coefs, scaled, vectors_end; // packed: [coefs, scaled) has a direction of its own
        Factor<T> inputs, gradients;
        Buffer<T> right, right_back; // root of `gradients` in panels, block after block
        Index first = 0;             // of this layer in the products, (inputs, places of gradients)
        Index n_rows() const { return inputs.size(); }
        Index stride() const { return gradients.places(); }
    };
    struct SideItem {
        Index layer, block;
        bool of_inputs;
    };
    struct TileItem { // of a factor
        Index layer, block;
        Index row, n_rows, column, width;
        bool of_inputs;
    };
    struct RowItem { // of a layer's matrix, in one block of inputs and one of outputs
        Index layer, inputs, gradients;
        Index row, n_rows; // within the block
    };
    struct PanelItem {
        Index layer, inputs, gradients;
        Index column, width; // within the block
    };
    struct ThreadMemory {
        Buffer<T> rows, panel;
        Roots<T> roots;
    };

    void list_work();
    // The statistics of this batch, and what follows from them.
    void update_factors(const Team &, BatchGradient<T> &, Index number);
    void write_rows(const Team &, BatchGradient<T> &, Index layer);
    void update_tile(const TileItem &, Index n_rows, double keep, T *tile);
    void update_sparse_factor(const Team &, const BatchGradient<T> &, const SparseBlock<T> &,
                              double keep);
    void update_root(const SideItem &, Roots<T> &roots);
    void pack_roots(const Team &);

    void multiply_right(const RowItem &, const T *gradient, ThreadMemory &);
    void divide(const RowItem &, ThreadMemory &);
    double multiply_left(const PanelItem &, const T *gradient, T *direction, ThreadMemory &);

    const Kernels<T> &kernels_;
    const Lapack<T> lapack_;
    const bool empirical_, eigen_;
    const double damping_, decay_, kl_clip_;
    const Index interval_, limit_;
    std::uint64_t key_ = 0;

    std::vector<Layer> layers_;
    SharedItems<SideItem> sides_;
    std::vector<SharedItems<TileItem>> tiles_; // of each layer
    SharedItems<RowItem> row_items_;
    SharedItems<PanelItem> panel_items_;
    Index largest_block_ = 0, widest_ = 0; // of one side: block, places
    Buffer<T> half_, preconditioned_;      // dW times the right side; with all but the last product
    std::vector<double> products_;         // v dW of each panel
    bool unpacked_ = true;                 // roots have changed since they were packed

    bool dense_inputs_ = true;
    Index rows_stride_ = 0;
    Buffer<T> input_rows_, gradient_rows_; // of the batch, weighted
    std::vector<ThreadMemory> threads_;
};

} // namespace deepgen
