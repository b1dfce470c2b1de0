// Embeddings of categories: a column of codes becomes, in its own place, trained numbers of each.
//
//   f_o(x) = W_xo,   x = 0 .. n_levels - 1
//
// What is no code counts as 0. Guo & Berkhahn (2016), Entity embeddings of categorical variables.

#pragma once

#include "engine/kernels/kernel_table.hpp"
#include "engine/kernels/simd.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Levels {
    static constexpr Parameter parameters[] = {
        {.name = "size", .value = 8.0, .low = 1.0, .high = 256.0, .integer = true},
    };
    static constexpr bool keeps_feature = false;
    static constexpr double most_levels = 16777216.0; // float32 tells apart

    static MapShape shape(const Settings &settings, std::span<const double> constants) {
        require(constants.size() == 1 && constants[0] >= 1.0 && constants[0] <= most_levels &&
                    constants[0] == std::floor(constants[0]),
                "the embedding 'levels' needs the number of levels of each feature, at most ",
                most_levels);
        return {static_cast<Index>(constants[0]), static_cast<Index>(settings["size"])};
    }
    static std::vector<MapBlock> blocks(MapShape shape) {
        return {{"embedding_levels", shape.n_hidden, shape.n_outputs}};
    }
    static double cost(MapShape shape) { return 4.0 * static_cast<double>(shape.n_outputs); }

    static void forward(const FeatureMap<T> &map, T *out) { look_up(map, map.numbers, out); }
    static void backward(const FeatureMap<T> &map, const T *gradients, T *sums) {
        for (Index i = 0; i < map.n_rows; ++i) {
            T *const own = sums + row(map, i);
            for (Index o = 0; o < map.shape.n_outputs; ++o)
                own[o] += gradients[o * map.stride + i];
        }
    }
    static void input_gradient(const FeatureMap<T> &map, const T *, T *to) {
        std::fill_n(to, map.n_rows, T(0));
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
