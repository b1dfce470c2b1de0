// Trained piecewise linear embeddings: a feature beside sums of its place in each of its bins.
//
//   x, f_1 .. f_(size-1),   f_o = sum_k W_ko e_k(x) + b_o
//   e_k = (x - t_k) / (t_(k+1) - t_k),   at least 0 but in the first bin, at most 1 but in the last
//
// The edges t of the bins are fixed: quantiles of training rows.
//
// Gorishniy, Rubachev & Babenko (2022), On embeddings for numerical features in tabular deep
// learning, eq. (1) and section 3.2.

#pragma once

#include "engine/embeddings/read_out.hpp"
#include "engine/kernels/kernel_table.hpp"

#include <cmath>

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Bins {
    static constexpr bool trained = false;

    Bins(const FeatureMap<T> &map, Index k)
        : edge(map.constants[k]), per_width(T(1) / (map.constants[k + 1] - map.constants[k])),
          least(k == 0 ? -std::numeric_limits<T>::infinity() : T(0)),
          most(k + 1 == map.shape.n_hidden ? std::numeric_limits<T>::infinity() : T(1)) {}

    Simd<T> value(Simd<T> x) const {
        return min(most, max(least, (x - edge) * per_width)); // in this order NaN passes
    }
    Bend<T> bend(Simd<T> x) const {
        const Simd<T> place = (x - edge) * per_width, zero(T(0));
        const Simd<T> rises = select(place > least, per_width, zero);
        return {.value = value(x), .slope = select(place < most, rises, zero), .curvature = zero};
    }

    Simd<T> edge, per_width, least, most;
};

template <class T>
struct Pwl : ReadOut<T, Bins<T>> {
    static constexpr Parameter parameters[] = {
        {.name = "size", .value = 4.0, .low = 2.0, .high = 256.0, .integer = true},
    };
    static constexpr bool keeps_feature = true;

    static MapShape shape(const Settings &settings, std::span<const double> edges) {
        require(edges.size() >= 2, "the embedding 'pwl' needs at least two edges for each feature");
        for (std::size_t k = 0; k < edges.size(); ++k)
            require(std::isfinite(edges[k]) &&
                        (k == 0 || static_cast<float>(edges[k - 1]) < static_cast<float>(edges[k])),
                    "the edges of the embedding 'pwl' must be finite and rise");
        return {static_cast<Index>(edges.size()) - 1, static_cast<Index>(settings["size"]) - 1};
    }
    static std::vector<MapBlock> blocks(MapShape shape) {
        return {{"embedding_weights", shape.n_hidden, shape.n_outputs},
                {"embedding_intercepts", 1, shape.n_outputs}};
    }
    static double cost(MapShape shape) {
        return static_cast<double>(shape.n_hidden * (6 + shape.n_outputs));
    }
};

} // namespace deepgen::DEEPGEN_PATH
