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
#include "engine/kernels/kernel_table.hpp"

namespace deepgen::DEEPGEN_PATH {

template <class T>
struct Waves {
    static constexpr bool trained = true;

    static Simd<T> turns(const FeatureMap<T> &map, Index k, Simd<T> x) {
        constexpr T per_turn = static_cast<T>(0.5 * std::numbers::inv_pi);
        const typename ReadOut<T, Waves>::Numbers own(map.shape, map.numbers);
        return fmadd(x, Simd<T>(own.frequencies[k]), Simd<T>(per_turn * own.phases[k]));
    }
    static Simd<T> value(const FeatureMap<T> &map, Index k, Simd<T> x) {
        return cosine_of_turns(turns(map, k, x));
    }
    static Bend<T> bend(const FeatureMap<T> &map, Index k, Simd<T> x) {
        const auto [cosine, sine] = wave_of_turns(turns(map, k, x));
        return {.value = cosine, .slope = -sine, .curvature = -cosine};
    }
};

template <class T>
struct Pbld : ReadOut<T, Waves<T>> {
    static constexpr Parameter parameters[] = {
        {.name = "n_frequencies", .value = 16.0, .low = 1.0, .high = 256.0, .integer = true},
        {.name = "size", .value = 4.0, .low = 2.0, .high = 256.0, .integer = true},
    };
    static constexpr bool keeps_feature = true;

    static MapShape shape(const Settings &settings, std::span<const double> constants) {
        require(constants.empty(), "the embedding 'pbld' has no constants");
        return {static_cast<Index>(settings["n_frequencies"]),
                static_cast<Index>(settings["size"]) - 1};
    }
    static std::vector<MapBlock> blocks(MapShape shape) {
        return {{"embedding_weights", shape.n_hidden, shape.n_outputs},
                {"embedding_intercepts", 1, shape.n_outputs},
                {"embedding_frequencies", 1, shape.n_hidden},
                {"embedding_phases", 1, shape.n_hidden}};
    }
};

} // namespace deepgen::DEEPGEN_PATH
