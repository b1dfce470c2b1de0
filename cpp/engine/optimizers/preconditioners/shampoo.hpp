// Shampoo: a matrix's gradient between the fourth roots of what its rows and its columns have been.
//
//   L <- L + G G^T,   R <- R + G^T G                     beta_2 = 1
//   L <- beta_2 L + (1 - beta_2) G G^T,   R alike        beta_2 < 1, both divided by 1 - beta_2^t
//   v = (L + epsilon I)^(-1/4) G (R + epsilon I)^(-1/4)
//   d = v |u| / |v|,   m <- momentum m + (1 - momentum) d,   w <- w - rate m
//
// in blocks of at most block_size rows and columns. The roots are those of the last renewal: steps
// 1, 1 + interval, 1 + 2 interval ... and before `interval` also 2, 4, 8 ..., while L and R still
// change a lot. u is the step of another rule, whose length v is given (grafting), layer by layer;
// bias, scale and shift take u itself:
//
//   none      |u| = |v|; vectors take adagrad's
//   sgd       u = G
//   adagrad   u = G / (sqrt s + 1e-8),   s <- s + G^2
//   adam      the same with s a mean of decay 0.999, divided by 1 - 0.999^t
//
// Gupta, Koren & Singer (2018), Shampoo: preconditioned stochastic tensor optimization, algorithm 1
// (exponent -1/4, from epsilon I). Blocks, means, grafting and late roots: Anil, Gupta, Koren,
// Regan & Singer (2020), Scalable second order optimization for deep learning.

#pragma once

#include "engine/core/shared_items.hpp"
#include "engine/optimizers/preconditioners/preconditioner.hpp"
#include "engine/optimizers/preconditioners/roots.hpp"
#include "engine/optimizers/preconditioners/weight_matrix.hpp"

namespace deepgen {

template <class T>
class Shampoo final : public Preconditioner<T> {
  public:
    Shampoo(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &kernels,
            const Lapack<T> &lapack);

    void allocate(const OptimizerContext &) override;
    void make_room(Index n_rows, Index n_threads, bool dense_inputs) override;
    std::vector<StateArray<T>> state() override;

  protected:
    void precondition(const Team &, BatchGradient<T> &, StepSize, const T *gradient,
                      T *direction) override;

  private:
    enum class Grafting { none, sgd, adagrad, adam };

    // One side of a block: what its statistic and its root are, (n, stride of n) both.
    struct Side {
        Index n;
        Index at; // of the two, in the array of all
    };
    struct Block {
        Index layer;
        Index row, column; // the first
        Side left, right;
    };
    struct Layer {
        WeightMatrix matrix;
        Index coefs, vectors, end;       // packed offsets
        Index first_block, after_blocks; // numbers
    };
    // A block's gradient and its transpose, padded with zeros, and two panels.
    struct ThreadMemory {
        Buffer<T> rows, columns, half, panel;
        Roots<T> roots;
    };

    // What a number of the gradient is to the grafted rule, whose state is `square`.
    T grafted(T gradient, T &square) const;
    double gather(const Block &, const T *gradient, ThreadMemory &);
    void update_statistic(const Side &, const T *rows, Index depth, ThreadMemory &);
    double multiply(const Block &, T *direction, ThreadMemory &);

    const Kernels<T> &kernels_;
    const Lapack<T> lapack_;
    const double beta_2_, epsilon_, momentum_;
    const Index block_size_, interval_;
    const Grafting grafting_;

    std::vector<Layer> layers_;
    SharedItems<Block> blocks_;
    Buffer<T> statistics_, roots_;
    Buffer<T> squares_; // packed
    struct Norms {
        double preconditioned, grafted; // squared
    };
    std::vector<Norms> norms_;                            // of each block
    double statistics_scale_ = 1.0, squares_scale_ = 1.0; // of this step; the same on all threads
    std::vector<ThreadMemory> threads_;
};

} // namespace deepgen
