// Random numbers of other shapes than whole numbers, each a function of a key and nothing else.
//
//   uniform          (the high 53 bits + 1/2) 2^-53, in (0, 1)
//   normal           ziggurat of 256 layers; exact, since wedges and tail are drawn by rejection
//   symmetric beta   Beta(a, a). a > 1/2: (1 + sqrt(1 - U^(1 / (a - 1/2))) cos 2 pi V) / 2, without
//                    rejection; a <= 1/2: U^(1/a) over U^(1/a) + V^(1/a) where that sum is <= 1, in
//                    logarithms, for U^(1/a) has no double where a is small
//
// Marsaglia & Tsang (2000), The ziggurat method for generating random variables; Doornik (2005), An
// improved ziggurat method (layer and abscissa from separate bits); Ulrich (1984), Computer
// generation of distributions on the m-sphere; Joehnk (1964), Erzeugung von betaverteilten und
// gammaverteilten Zufallszahlen.

#pragma once

#include "engine/core/random.hpp"

#include <bit>

namespace deepgen::random {

// The high 53 bits; of a signed number, which takes one instruction to convert.
[[nodiscard]] constexpr double high_bits(std::uint64_t bits) {
    return static_cast<double>(static_cast<std::int64_t>(bits >> 11));
}

[[nodiscard]] constexpr double uniform(std::uint64_t bits) {
    return (high_bits(bits) + 0.5) * 0x1p-53;
}

// Events of one probability: 53 random bits below the threshold.
[[nodiscard]] constexpr std::uint64_t chance(double probability) {
    return static_cast<std::uint64_t>(probability * 0x1p53);
}
[[nodiscard]] constexpr bool happens(std::uint64_t chance, std::uint64_t bits) {
    return (bits >> 11) < chance;
}

// The standard normal density cut into layers of equal area, the lowest with the tail.
class Ziggurat {
  public:
    static const Ziggurat &instance();

    // The i-th number of a key.
    double normal(std::uint64_t key, std::uint64_t i) const {
        const std::uint64_t bits = value(key, i);
        const Index layer = static_cast<Index>(bits & (n_layers - 1));
        const double x = abscissa(bits, layer);
        return x < edge_[layer + 1] ? signed_by(bits, x) : outside(bits);
    }

  private:
    static constexpr Index n_layers = 256;

    Ziggurat();
    double abscissa(std::uint64_t bits, Index layer) const {
        return high_bits(bits) * 0x1p-53 * edge_[layer];
    }
    // The sign is the bit above the layer's, set without a branch, which no guess would help.
    static double signed_by(std::uint64_t bits, double x) {
        return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) | (bits & n_layers) << 55);
    }
    double outside(std::uint64_t bits) const;

    double edge_[n_layers + 1];   // falling to 0; the lowest layer's is its area over its height
    double height_[n_layers + 1]; // of the density at the edges
};

[[nodiscard]] double symmetric_beta(double a, std::uint64_t key);

} // namespace deepgen::random
