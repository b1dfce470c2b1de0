// Maps that read trained sums out of a basis of functions of a feature:
//
//   f_o(x) = sum_k W_ko h_k(x) + b_o
//
// With G_o = dL/df_o, sums over rows, and u_k = sum_o W_ko G_o,
//
//   dL/dW_ko = sum h_k G_o,   dL/db_o = sum G_o,   dL/dx = sum_k u_k h_k'(x)
//
// A basis with numbers of its own is one of trained lines, h_k = h(a_k), a_k = 2 pi w_k x + c_k:
//
//   dL/dc_k = sum u_k h'(a_k),   dL/dw_k = 2 pi sum x u_k h'(a_k)
//
// and along a direction, with R a_k = 2 pi x R w_k + R c_k and R h_k = h'(a_k) R a_k,
//
//   R f_o = sum_k (R W_ko h_k + W_ko R h_k) + R b_o
//   R u_k = sum_o (R W_ko G_o + W_ko R G_o)
//   R dL/dW_ko = sum (R h_k G_o + h_k R G_o)
//   R dL/dc_k = sum (R u_k h'(a_k) + u_k h''(a_k) R a_k)
//
// Rows go side by side in a register, so that no row depends on its neighbours; a sum over rows is
// one over registers, in order, and then over lanes.

#pragma once

#include "engine/kernels/columns.hpp"

#include <algorithm>
#include <numbers>

namespace deepgen::DEEPGEN_PATH {

// A basis function with its first and second derivative: in its line where that is trained, else
// in x.
template <class T>
struct Bend {
    Simd<T> value, slope, curvature;
};

// A basis is made for one k: `Basis(map, k)`, value(x) and bend(x).
//
// Numbers: W (n_hidden, n_outputs), b (n_outputs,), then w and c (n_hidden,) of trained lines.
template <class T, class Basis>
struct ReadOut {
    using V = Simd<T>;

    static constexpr T turn = static_cast<T>(2.0 * std::numbers::pi);
    static constexpr Index most_at_once = 4; // outputs whose sums stay in registers

    static void forward(const FeatureMap<T> &map, T *out) {
        for_each_outputs(map, [&]<Index m>(Index o) { forward_outputs<m>(map, o, out); });
    }

    static void backward(const FeatureMap<T> &map, const T *gradients, T *sums) {
        for_each_outputs(map, [&]<Index m>(Index o) {
            if (Basis::trained && o == 0)
                backward_outputs<m, true>(map, o, gradients, sums);
            else
                backward_outputs<m, false>(map, o, gradients, sums);
        });
        for (Index o = 0; o < map.shape.n_outputs; ++o)
            sums[map.shape.n_hidden * map.shape.n_outputs + o] +=
                total(map.n_rows, gradients + o * map.stride);
    }

    static void input_gradient(const FeatureMap<T> &map, const T *gradients, T *to) {
        const Numbers own(map.shape, map.numbers);
        for (Index i = 0; i < map.n_rows; i += V::lanes) {
            V sum(T(0));
            for (Index k = 0; k < map.shape.n_hidden; ++k) {
                V slope = Basis(map, k).bend(V::load(map.x + i)).slope;
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
                    const Bend<T> h = Basis(map, k).bend(x);
                    sum = fmadd(V(moves.weights[k * n_outputs + o]), h.value, sum);
                    if constexpr (Basis::trained)
                        sum = fmadd(V(own.weights[k * n_outputs + o]), h.slope * moves.line(k, x),
                                    sum);
                }
                sum.store(out + o * map.stride + i);
            }
    }

    static void tangent_backward(const FeatureMap<T> &map, const T *direction, const T *gradients,
                                 const T *tangents, T *sums) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers), moves(map.shape, direction);
        for (Index k = 0; k < n_hidden; ++k) {
            const Basis basis(map, k);
            for (Index o = 0; o < n_outputs; ++o) {
                V sum(T(0));
                for (Index i = 0; i < map.n_rows; i += V::lanes) {
                    const V x = V::load(map.x + i);
                    const Bend<T> h = basis.bend(x);
                    sum = fmadd(h.value, V::load(tangents + o * map.stride + i), sum);
                    if constexpr (Basis::trained)
                        sum = fmadd(h.slope * moves.line(k, x),
                                    V::load(gradients + o * map.stride + i), sum);
                }
                sums[k * n_outputs + o] += static_cast<T>(sum.sum());
            }
            if constexpr (Basis::trained) {
                V along(T(0)), across(T(0));
                for (Index i = 0; i < map.n_rows; i += V::lanes) {
                    const V x = V::load(map.x + i);
                    const Bend<T> h = basis.bend(x);
                    const V u = own.weighted(k, gradients, map.stride, i);
                    const V ru = moves.weighted(k, gradients, map.stride, i) +
                                 own.weighted(k, tangents, map.stride, i);
                    const V turned = fmadd(ru, h.slope, u * (h.curvature * moves.line(k, x)));
                    along += turned;
                    across = fmadd(x, turned, across);
                }
                add_line(map.shape, k, across, along, sums);
            }
        }
        for (Index o = 0; o < n_outputs; ++o)
            sums[n_hidden * n_outputs + o] += total(map.n_rows, tangents + o * map.stride);
    }

  private:
    // The numbers of a map, or of a direction of them.
    struct Numbers {
        Numbers(const MapShape &shape, const T *numbers)
            : weights(numbers), intercepts(weights + shape.n_hidden * shape.n_outputs),
              frequencies(intercepts + shape.n_outputs), phases(frequencies + shape.n_hidden),
              n_outputs(shape.n_outputs) {}

        // a_k, or R a_k
        V line(Index k, V x) const { return fmadd(x, V(turn * frequencies[k]), V(phases[k])); }
        // u_k of the rows from i on
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

    // Calls work.template operator()<m>(o) for m outputs from o on.
    template <class Work>
    static void for_each_outputs(const FeatureMap<T> &map, Work work) {
        for (Index o = 0; o < map.shape.n_outputs; o += most_at_once)
            switch (std::min(most_at_once, map.shape.n_outputs - o)) {
            case 1:
                work.template operator()<1>(o);
                break;
            case 2:
                work.template operator()<2>(o);
                break;
            case 3:
                work.template operator()<3>(o);
                break;
            default:
                work.template operator()<most_at_once>(o);
            }
    }

    template <Index m>
    static void forward_outputs(const FeatureMap<T> &map, Index first, T *out) {
        const Index n_hidden = map.shape.n_hidden, n_outputs = map.shape.n_outputs;
        const Numbers own(map.shape, map.numbers);
        for_each_columns<T, 2>(map.n_rows, [&]<Index n>(Index i) {
            V sums[m][n];
#pragma GCC unroll 4
            for (Index o = 0; o < m; ++o)
#pragma GCC unroll 2
                for (Index c = 0; c < n; ++c)
                    sums[o][c] = V(own.intercepts[first + o]);
            for (Index k = 0; k < n_hidden; ++k) {
                const Basis basis(map, k);
#pragma GCC unroll 2
                for (Index c = 0; c < n; ++c) {
                    const V h = basis.value(V::load(map.x + i + c * V::lanes));
#pragma GCC unroll 4
                    for (Index o = 0; o < m; ++o)
                        sums[o][c] =
                            fmadd(V(own.weights[k * n_outputs + first + o]), h, sums[o][c]);
                }
            }
#pragma GCC unroll 4
            for (Index o = 0; o < m; ++o)
#pragma GCC unroll 2
                for (Index c = 0; c < n; ++c)
                    sums[o][c].store(out + (first + o) * map.stride + i + c * V::lanes);
        });
    }

    template <Index m, bool with_lines>
    static void backward_outputs(const FeatureMap<T> &map, Index first, const T *gradients,
                                 T *sums) {
        const auto [n_hidden, n_outputs] = map.shape;
        const Numbers own(map.shape, map.numbers);
        for (Index k = 0; k < n_hidden; ++k) {
            const Basis basis(map, k);
            const T *const weights = own.weights + k * n_outputs;
            V products[m], along(T(0)), across(T(0));
#pragma GCC unroll 4
            for (Index o = 0; o < m; ++o)
                products[o] = V(T(0));
            for (Index i = 0; i < map.n_rows; i += V::lanes) {
                const V x = V::load(map.x + i);
                const T *const g = gradients + i;
                if constexpr (with_lines) {
                    const Bend<T> h = basis.bend(x);
                    V u(T(0));
#pragma GCC unroll 4
                    for (Index o = 0; o < m; ++o) {
                        const V own_gradient = V::load(g + o * map.stride);
                        products[o] = fmadd(h.value, own_gradient, products[o]);
                        u = fmadd(V(weights[o]), own_gradient, u);
                    }
                    for (Index o = m; o < n_outputs; ++o)
                        u = fmadd(V(weights[o]), V::load(g + o * map.stride), u);
                    const V turned = u * h.slope;
                    along += turned;
                    across = fmadd(x, turned, across);
                } else {
                    const V h = basis.value(x);
#pragma GCC unroll 4
                    for (Index o = 0; o < m; ++o)
                        products[o] = fmadd(h, V::load(g + (first + o) * map.stride), products[o]);
                }
            }
#pragma GCC unroll 4
            for (Index o = 0; o < m; ++o)
                sums[k * n_outputs + first + o] += static_cast<T>(products[o].sum());
            if constexpr (with_lines)
                add_line(map.shape, k, across, along, sums);
        }
    }

    // dL/dw_k and dL/dc_k from the lanes of sum x u h' and sum u h'.
    static void add_line(const MapShape &shape, Index k, V across, V along, T *sums) {
        T *const lines = sums + (shape.n_hidden + 1) * shape.n_outputs;
        lines[k] += static_cast<T>(2.0 * std::numbers::pi * across.sum());
        lines[shape.n_hidden + k] += static_cast<T>(along.sum());
    }
    static T total(Index n, const T *x) {
        V sum(T(0));
        for (Index i = 0; i < n; i += V::lanes)
            sum += V::load(x + i);
        return static_cast<T>(sum.sum());
    }
};

} // namespace deepgen::DEEPGEN_PATH
