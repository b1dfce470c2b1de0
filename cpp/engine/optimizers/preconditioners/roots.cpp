// Inverses, eigenbases and powers of symmetric matrices.

#include "engine/optimizers/preconditioners/roots.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace deepgen {
namespace {

char lower[] = "L", vectors_too[] = "V"; // LAPACK takes them by pointers to what is not const

template <class T>
bool all_finite(const T *values, Index n) {
    T nothing = 0; // or NaN
    for (Index i = 0; i < n; ++i)
        nothing += values[i] - values[i];
    return nothing == T(0);
}

} // namespace

template <class T>
Roots<T>::Roots(const Lapack<T> &lapack, const Kernels<T> &kernels, Index n, Purpose purpose)
    : lapack_(lapack), kernels_(kernels), matrix_(as_size(n * n)) {
    if (purpose == Purpose::inverse)
        return;
    values_.resize(as_size(n));
    work_.resize(as_size(eigen_work(n)));
    integers_.resize(as_size(eigen_integers(n)));
    if (purpose == Purpose::eigenbasis)
        return;
    scaled_.resize(as_size(n * padded<T>(n)));
    panel_.resize(as_size(n * kernels.panel));
}

template <class T>
bool Roots<T>::take(const T *S, Index n, Index stride) {
    for (Index i = 0; i < n; ++i)
        std::copy_n(S + i * stride, n, matrix_.data() + i * n);
    return all_finite(matrix_.data(), n * n);
}

template <class T>
bool Roots<T>::inverse(const T *S, Index n, double ridge, T *root) {
    if (!take(S, n, n))
        return false;
    for (Index i = 0; i < n; ++i)
        matrix_[as_size(i * (n + 1))] += static_cast<T>(ridge);
    int order = static_cast<int>(n), info = 0;
    lapack_.potrf(lower, &order, matrix_.data(), &order, &info);
    if (info != 0)
        return false;
    lapack_.potri(lower, &order, matrix_.data(), &order, &info);
    // LAPACK's lower triangle by columns is ours above the diagonal.
    for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < i; ++j)
            matrix_[as_size(i * n + j)] = matrix_[as_size(j * n + i)];
    if (info != 0 || !all_finite(matrix_.data(), n * n))
        return false;
    std::copy_n(matrix_.data(), n * n, root);
    return true;
}

template <class T>
bool Roots<T>::decompose(Index n) {
    int order = static_cast<int>(n), info = 0;
    int work_size = static_cast<int>(eigen_work(n));
    int integers_size = static_cast<int>(eigen_integers(n));
    lapack_.syevd(vectors_too, lower, &order, matrix_.data(), &order, values_.data(), work_.data(),
                  &work_size, integers_.data(), &integers_size, &info);
    return info == 0 && all_finite(matrix_.data(), n * n) && all_finite(values_.data(), n);
}

template <class T>
bool Roots<T>::eigenbasis(const T *S, Index n, T *vectors, T *values) {
    if (!take(S, n, n) || !decompose(n))
        return false;
    std::copy_n(matrix_.data(), n * n, vectors);
    for (Index k = 0; k < n; ++k)
        values[k] = std::max(values_[as_size(k)], T(0));
    return true;
}

template <class T>
bool Roots<T>::power(const T *S, Index n, Index stride, double scale, double ridge, double exponent,
                     T *root) {
    if (!take(S, n, stride) || !decompose(n))
        return false;
    const double largest = scale * static_cast<double>(values_[as_size(n - 1)]);
    const double noise = static_cast<double>(n) *
                         static_cast<double>(std::numeric_limits<T>::epsilon()) *
                         std::max(largest, 0.0);
    const Index padded_n = padded<T>(n);
    for (Index k = 0; k < n; ++k) {
        const double d = scale * static_cast<double>(values_[as_size(k)]);
        const double factor = std::pow(std::max(d, noise) + ridge, 0.5 * exponent);
        if (!std::isfinite(factor))
            return false;
        for (Index j = 0; j < n; ++j)
            scaled_[as_size(k * padded_n + j)] =
                static_cast<T>(factor * static_cast<double>(matrix_[as_size(k * n + j)]));
        std::fill_n(scaled_.data() + k * padded_n + n, padded_n - n, T(0));
    }
    for (Index column = 0; column < n; column += kernels_.panel) {
        const Index width = std::min(kernels_.panel, padded_n - column);
        kernels_.products.outer({.rows = n,
                                 .columns = width,
                                 .depth = n,
                                 .a = scaled_.data(),
                                 .a_stride = padded_n,
                                 .b = scaled_.data() + column,
                                 .b_stride = padded_n,
                                 .out = panel_.data()});
        for (Index row = 0; row < n; ++row)
            std::copy_n(panel_.data() + row * width, std::min(width, n - column),
                        root + row * stride + column);
    }
    return true;
}

template class Roots<float>;
template class Roots<double>;

} // namespace deepgen
