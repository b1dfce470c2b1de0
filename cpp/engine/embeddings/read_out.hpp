// Maps that read trained sums out of a basis of functions of a feature:
//
//   f_o(x) = sum_k W_ko h_k(x) + b_o
//
// With G_o = dL/df_o, sums over rows, and u_k = sum_o W_ko G_o,
//
//   dL/dW_ko = sum h_k G_o,   dL/db_o = sum G_o,   dL/dx = sum_k u_k h_k'(x)
//
// A basis of numbers of its own is one of trained lines, h_k = h(2 pi w_k x + c_k); with a = 2 pi
// w_k x + c_k
//
//   dL/dc_k = sum u_k h'(a),   dL/dw_k = 2 pi sum x u_k h'(a)
//
// and along a direction, R h_k = h'(a) R a with R a = 2 pi x R w_k + R c_k,
//
//   R f_o = sum_k (R W_ko h_k + W_ko R h_k) + R b_o
//   R u_k = sum_o (R W_ko G_o + W_ko R G_o)
//   R dL/dW_ko = sum (R h_k G_o + h_k R G_o),   R dL/dc_k = sum (R u_k h'(a) + u_k h''(a) R a)
//
// Rows go side by side in a register, so that no row depends on its neighbours; sums over them go
// block after block, each by the register's lanes.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

#include <algorithm>
#include <array>
#include <numbers>

namespace deepgen::DEEPGEN_PATH {

// Value, first and second derivative of a basis function in its line, or in x without trained
// lines.
template <class T>
struct Bend {
    Simd<T> value, slope, curvature;
};

// Numbers: W (n_hidden, n_outputs), b (n_outputs,), then w and c (n_hidden,) of trained lines.
template <class T, class Basis>
struct ReadOut {
    using V = Simd<T>;

    static constexpr Index most_hidden = 256;
    static constexpr Index rows_at_once = 256;
    using Column = std::array<T, as_size(rows_at_once)>;

    // The numbers of a map, or of a direction of them.
    struct Numbers {
        Numbers(const MapShape &shape, const T *numbers)
            : weights(numbers), intercepts(weights + shape.n_hidden * shape.n_outputs),
              frequencies(intercepts + shape.n_outputs), phases(frequencies + shape.n_hidden),
              n_outputs(shape.n_outputs) {}

        // a, or R a
        V line(Index k, V x) const {
            constexpr T turn = static_cast<T>(2.0 * std::numbers::pi);
            return fmadd(x, V(turn * frequencies[k]), V(phases[k]));
        }
        // sum_o W_ko G_o of the rows from i on
        V weighted(Index k, const T *gradients, Index stride, Index i) const {
            V sum(T(0));
            for (Index o = 0; o < n_outputs; ++o)
                sum =
                    fmadd(V(weights[k * n_outputs + o]), V::load(gradients + o * stride + i), sum);
            return sum;
        }

        const T *weights, *intercepts, *frequencies, *phases;
        Index n_outputs;
    };

    static void forward(const FeatureMap<T> &map, T *out) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers);
        V h[most_hidden];
        for (Index i = 0; i < map.n_rows; i += V::lanes) {
            const V x = V::load(map.x + i);
            for (Index k = 0; k < n_hidden; ++k)
                h[k] = Basis::value(map, k, x);
            for (Index o = 0; o < n_outputs; ++o) {
                V sum(own.intercepts[o]);
                for (Index k = 0; k < n_hidden; ++k)
                    sum = fmadd(V(own.weights[k * n_outputs + o]), h[k], sum);
                sum.store(out + o * map.stride + i);
            }
        }
    }

    static void backward(const FeatureMap<T> &map, const T *gradients, T *sums) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers);
        Column h;
        for (Index first = 0; first < map.n_rows; first += rows_at_once) {
            const Index n = std::min(rows_at_once, map.n_rows - first);
            const T *const x = map.x + first, *const g = gradients + first;
            for (Index k = 0; k < n_hidden; ++k) {
                if constexpr (Basis::trained) {
                    V along(T(0)), across(T(0));
                    for (Index i = 0; i < n; i += V::lanes) {
                        const V at = V::load(x + i);
                        const auto [value, slope, curvature] = Basis::bend(map, k, at);
                        value.store(h.data() + i);
                        const V moved = own.weighted(k, g, map.stride, i) * slope;
                        along += moved;
                        across = fmadd(at, moved, across);
                    }
                    add_line(map.shape, k, across, along, sums);
                } else {
                    for (Index i = 0; i < n; i += V::lanes)
                        Basis::value(map, k, V::load(x + i)).store(h.data() + i);
                }
                for (Index o = 0; o < n_outputs; ++o)
                    sums[k * n_outputs + o] += product(n, h.data(), g + o * map.stride);
            }
            for (Index o = 0; o < n_outputs; ++o)
                sums[n_hidden * n_outputs + o] += total(n, g + o * map.stride);
        }
    }

    static void input_gradient(const FeatureMap<T> &map, const T *gradients, T *to) {
        const Numbers own(map.shape, map.numbers);
        constexpr T turn = static_cast<T>(2.0 * std::numbers::pi);
        for (Index i = 0; i < map.n_rows; i += V::lanes) {
            const V x = V::load(map.x + i);
            V sum(T(0));
            for (Index k = 0; k < map.shape.n_hidden; ++k) {
                V slope = Basis::bend(map, k, x).slope;
                if constexpr (Basis::trained)
                    slope *= V(turn * own.frequencies[k]);
                sum = fmadd(own.weighted(k, gradients, map.stride, i), slope, sum);
            }
            sum.store(to + i);
        }
    }

    static void tangent_forward(const FeatureMap<T> &map, const T *direction, T *out) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers), moves(map.shape, direction);
        for (Index o = 0; o < n_outputs; ++o)
            for (Index i = 0; i < map.n_rows; i += V::lanes) {
                const V x = V::load(map.x + i);
                V sum(moves.intercepts[o]);
                for (Index k = 0; k < n_hidden; ++k) {
                    const auto [value, slope, curvature] = Basis::bend(map, k, x);
                    sum = fmadd(V(moves.weights[k * n_outputs + o]), value, sum);
                    if constexpr (Basis::trained)
                        sum =
                            fmadd(V(own.weights[k * n_outputs + o]), slope * moves.line(k, x), sum);
                }
                sum.store(out + o * map.stride + i);
            }
    }

    static void tangent_backward(const FeatureMap<T> &map, const T *direction, const T *gradients,
                                 const T *tangents, T *sums) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers), moves(map.shape, direction);
        Column h, moved;
        for (Index first = 0; first < map.n_rows; first += rows_at_once) {
            const Index n = std::min(rows_at_once, map.n_rows - first);
            const T *const x = map.x + first, *const g = gradients + first;
            const T *const rg = tangents + first;
            for (Index k = 0; k < n_hidden; ++k) {
                V along(T(0)), across(T(0));
                for (Index i = 0; i < n; i += V::lanes) {
                    const V at = V::load(x + i);
                    const auto [value, slope, curvature] = Basis::bend(map, k, at);
                    value.store(h.data() + i);
                    if constexpr (Basis::trained) {
                        const V line = moves.line(k, at);
                        (slope * line).store(moved.data() + i);
                        const V u = own.weighted(k, g, map.stride, i);
                        const V ru = moves.weighted(k, g, map.stride, i) +
                                     own.weighted(k, rg, map.stride, i);
                        const V turned = fmadd(ru, slope, u * (curvature * line));
                        along += turned;
                        across = fmadd(at, turned, across);
                    }
                }
                if constexpr (Basis::trained)
                    add_line(map.shape, k, across, along, sums);
                for (Index o = 0; o < n_outputs; ++o) {
                    T &sum = sums[k * n_outputs + o];
                    sum += product(n, h.data(), rg + o * map.stride);
                    if constexpr (Basis::trained)
                        sum += product(n, moved.data(), g + o * map.stride);
                }
            }
            for (Index o = 0; o < n_outputs; ++o)
                sums[n_hidden * n_outputs + o] += total(n, rg + o * map.stride);
        }
    }

  private:
    // dL/dw_k and dL/dc_k from the lanes of sum x u h' and sum u h'.
    static void add_line(const MapShape &shape, Index k, V across, V along, T *sums) {
        T *const lines = sums + (shape.n_hidden + 1) * shape.n_outputs;
        lines[k] += static_cast<T>(2.0 * std::numbers::pi * across.sum());
        lines[shape.n_hidden + k] += static_cast<T>(along.sum());
    }
    static T product(Index n, const T *x, const T *y) {
        V sum(T(0));
        for (Index i = 0; i < n; i += V::lanes)
            sum = fmadd(V::load(x + i), V::load(y + i), sum);
        return static_cast<T>(sum.sum());
    }
    static T total(Index n, const T *x) {
        V sum(T(0));
        for (Index i = 0; i < n; i += V::lanes)
            sum += V::load(x + i);
        return static_cast<T>(sum.sum());
    }
};

} // namespace deepgen::DEEPGEN_PATH
