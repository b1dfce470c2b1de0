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

#include <limits>

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
using Pwl = ReadOut<T, Bins<T>>;

} // namespace deepgen::DEEPGEN_PATH
