// The routines of LAPACK that the engine calls, as pointers that its caller hands over: there is no
// LAPACK to link or to ship, and the engine does not know whose it is.
//
// Each works in place on a symmetric matrix of order n, of which it reads the lower triangle by
// columns, and each says in `info` whether it could. Anderson et al. (1999), LAPACK users' guide.

#pragma once

#include "engine/core/types.hpp"

namespace deepgen {

template <class T>
struct Lapack {
    // Cholesky's factor, and the inverse from it: only the triangle is written.
    using Triangle = void(char *triangle, int *n, T *a, int *stride, int *info);
    // Eigenvalues in ascending order, and in place of the matrix its eigenvectors one after the
    // other, by divide and conquer.
    using Eigen = void(char *job, char *triangle, int *n, T *a, int *stride, T *values, T *work,
                       int *work_size, int *integers, int *integers_size, int *info);

    Triangle *potrf = nullptr;
    Triangle *potri = nullptr;
    Eigen *syevd = nullptr;
};

// Numbers that syevd works in, beside the matrix.
[[nodiscard]] constexpr Index eigen_work(Index n) {
    return 1 + 6 * n + 2 * n * n;
}
[[nodiscard]] constexpr Index eigen_integers(Index n) {
    return 3 + 5 * n;
}

} // namespace deepgen
