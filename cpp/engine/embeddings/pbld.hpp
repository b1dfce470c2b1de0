// PBLD, "periodic bias linear DenseNet": a feature beside sums of trained waves of it.
//
//   x, f_1 .. f_(size-1),   f_o = sum_k W_ko cos(2 pi w_k x + c_k) + b_o
//
// Holzmueller, Grinsztajn & Steinwart (2024), Better by default: strong pre-tuned MLPs and boosted
// trees on tabular data, section 3; waves of single features after Gorishniy, Rubachev & Babenko
// (2022), On embeddings for numerical features in tabular deep learning, section 3.3.

#pragma once

#include "engine/embeddings/read_out.hpp"
#include "engine/kernels/elementary.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Waves {
    static constexpr bool trained = true;

    Waves(const FeatureMap<T> &map, Index k) {
        const T *const frequencies = map.numbers + (map.shape.n_hidden + 1) * map.shape.n_outputs;
        constexpr T per_radian = static_cast<T>(0.5 * std::numbers::inv_pi);
        frequency = Simd<T>(frequencies[k]);
        phase = Simd<T>(per_radian * frequencies[map.shape.n_hidden + k]);
    }

    Simd<T> value(Simd<T> x) const { return cosine_of_turns(fmadd(x, frequency, phase)); }
    Bend<T> bend(Simd<T> x) const {
        const auto [cosine, minus_sine] = wave_of_turns(fmadd(x, frequency, phase));
        return {.value = cosine, .slope = minus_sine, .curvature = -cosine};
    }

    Simd<T> frequency, phase; // in turns
};

template <class T>
using Pbld = ReadOut<T, Waves<T>>;

} // namespace deepgen::DEEPGEN_PATH
