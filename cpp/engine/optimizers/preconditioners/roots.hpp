// What second-order rules make of a symmetric matrix S, by LAPACK: an inverse, an eigenbasis, or a
// negative power by way of the eigenbasis,
//
//   S^p = sum_k d_k^p v_k v_k^T,   S v_k = d_k v_k
//
// One object is the working memory of one thread. Matrices are full; rows are `stride` apart, or
// contiguous. What cannot
// be had - S is not finite, or not definite where that is needed, or LAPACK gives up - leaves the
// result as it was, so that a rule goes on with the root before.

#pragma once

#include "engine/core/lapack.hpp"
#include "engine/kernels/kernel_table.hpp"

namespace deepgen {

template <class T>
class Roots {
  public:
    enum class Purpose { inverse, eigenbasis, power }; // each needs the memory of those before

    // For matrices of order n at most.
    Roots(const Lapack<T> &lapack, const Kernels<T> &kernels, Index n, Purpose purpose);

    // (S + ridge I)^-1
    bool inverse(const T *S, Index n, double ridge, T *root);

    // Eigenvectors v_k as rows, eigenvalues d_k ascending; negative ones, which are rounding, are
    // 0.
    bool eigenbasis(const T *S, Index n, T *vectors, T *values);

    // (scale S + ridge I)^exponent. An eigenvalue counts for at least the rounding of the largest:
    // below that it is noise, which a negative power would blow up. The padding of rows is kept.
    bool power(const T *S, Index n, Index stride, double scale, double ridge, double exponent,
               T *root);

  private:
    [[nodiscard]] bool take(const T *S, Index n, Index stride); // into matrix_; is it finite?
    [[nodiscard]] bool decompose(Index n); // matrix_ into its eigenvectors, values_ beside it

    const Lapack<T> &lapack_;
    const Kernels<T> &kernels_;
    Buffer<T> matrix_, values_, work_;
    Buffer<T> scaled_, panel_; // of a power
    std::vector<int> integers_;
};

} // namespace deepgen
