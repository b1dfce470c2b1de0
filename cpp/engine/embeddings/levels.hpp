// Embeddings of categories: a column of codes becomes, in its own place, trained numbers of each.
//
//   f_o(x) = W_xo,   x = 0 .. n_levels - 1
//
// What is no code counts as 0. Guo & Berkhahn (2016), Entity embeddings of categorical variables.

#pragma once

#include "engine/kernels/simd.hpp"
#include "engine/kernels/views.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Levels {
    static void forward(const FeatureMap<T> &map, T *out) { look_up(map, map.numbers, out); }
    static void backward(const FeatureMap<T> &map, const T *gradients, T *sums) {
        for (Index i = 0; i < map.n_rows; ++i) {
            T *const own = sums + row(map, i);
            for (Index o = 0; o < map.shape.n_outputs; ++o)
                own[o] += gradients[o * map.stride + i];
        }
    }
    static void input_gradient(const FeatureMap<T> &map, const T *, T *to) {
        for (Index i = 0; i < map.n_rows; ++i)
            to[i] = 0;
    }
    static void tangent_forward(const FeatureMap<T> &map, const T *direction, T *out) {
        look_up(map, direction, out);
    }
    static void tangent_backward(const FeatureMap<T> &map, const T *, const T *, const T *tangents,
                                 T *sums) {
        backward(map, tangents, sums);
    }

  private:
    static Index row(const FeatureMap<T> &map, Index i) {
        const bool known = map.x[i] >= T(0) && map.x[i] < static_cast<T>(map.shape.n_hidden);
        return known ? static_cast<Index>(map.x[i]) * map.shape.n_outputs : 0;
    }
    static void look_up(const FeatureMap<T> &map, const T *numbers, T *out) {
        for (Index i = 0; i < map.n_rows; ++i) {
            const T *const own = numbers + row(map, i);
            for (Index o = 0; o < map.shape.n_outputs; ++o)
                out[o * map.stride + i] = own[o];
        }
    }
};

} // namespace deepgen::DEEPGEN_PATH
