// Passes over chunks of packed numbers, whole cache lines, for optimizers that look at a
// gradient as a whole.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
double total_gradient(Index n, const T *gradient, const T *weights, double penalty, T *total) {
    using V = Simd<T>;
    const V factor(static_cast<T>(penalty));
    V squares(T(0));
    for (Index i = 0; i < n; i += V::lanes) {
        const V g = fmadd(factor, V::load(weights + i), V::load(gradient + i));
        squares = fmadd(g, g, squares);
        g.store(total + i);
    }
    return squares.sum();
}

template <class T>
void perturb(Index n, double factor, const T *direction, T *w, T *saved) {
    using V = Simd<T>;
    const V f(static_cast<T>(factor));
    for (Index i = 0; i < n; i += V::lanes) {
        const V from = V::load(w + i);
        from.store(saved + i);
        fmadd(f, V::load(direction + i), from).store(w + i);
    }
}

template <class T>
void restore(Index n, const T *gradient, double penalty, T *w, T *saved) {
    using V = Simd<T>;
    const V factor(static_cast<T>(penalty));
    for (Index i = 0; i < n; i += V::lanes) {
        const V total = fmadd(factor, V::load(w + i), V::load(gradient + i));
        V::load(saved + i).store(w + i);
        total.store(saved + i);
    }
}

template <class T>
void scale(Index n, double factor, T *x) {
    using V = Simd<T>;
    const V f(static_cast<T>(factor));
    for (Index i = 0; i < n; i += V::lanes)
        (f * V::load(x + i)).store(x + i);
}

template <class T>
void add_scaled(Index n, double factor, const T *x, T *y) {
    using V = Simd<T>;
    const V f(static_cast<T>(factor));
    for (Index i = 0; i < n; i += V::lanes)
        fmadd(f, V::load(x + i), V::load(y + i)).store(y + i);
}

template <class T>
double dot(Index n, const T *x, const T *y) {
    using V = Simd<T>;
    V sum(T(0));
    for (Index i = 0; i < n; i += V::lanes)
        sum = fmadd(V::load(x + i), V::load(y + i), sum);
    return sum.sum();
}

template <class T>
double scale_by_size(Index n, const T *size, double offset, T *x) {
    using V = Simd<T>;
    const V shift(static_cast<T>(offset));
    V squares(T(0));
    for (Index i = 0; i < n; i += V::lanes) {
        const V s = V::load(size + i);
        const V t = max(s, -s) + shift;
        const V once = t * V::load(x + i);
        squares = fmadd(once, once, squares);
        (t * once).store(x + i);
    }
    return squares.sum();
}

template <class T>
void lerp(Index n, double share, const T *x, T *y) {
    using V = Simd<T>;
    const V part(static_cast<T>(share));
    for (Index i = 0; i < n; i += V::lanes) {
        const V from = V::load(y + i);
        fmadd(part, V::load(x + i) - from, from).store(y + i);
    }
}

} // namespace deepgen::DEEPGEN_PATH
