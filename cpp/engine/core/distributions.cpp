// The ziggurat's layers and what falls outside of them, and the two ways to Beta(a, a).

#include "engine/core/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace deepgen::random {

namespace {

constexpr double tail_from = 3.6541528853610088; // where 256 layers are of equal area

double density(double x) {
    return std::exp(-0.5 * x * x);
}

// Further numbers for a draw that wants an unknown count of them.
class Sequence {
  public:
    explicit Sequence(std::uint64_t key) : key_(key) {}

    std::uint64_t bits() { return value(key_, count_++); }
    double uniform() { return random::uniform(bits()); }

  private:
    std::uint64_t key_, count_ = 0;
};

} // namespace

const Ziggurat &Ziggurat::instance() {
    static const Ziggurat only;
    return only;
}

Ziggurat::Ziggurat() {
    const double tail =
        std::sqrt(std::numbers::pi / 2) * std::erfc(tail_from / std::numbers::sqrt2);
    const double area = tail_from * density(tail_from) + tail;
    edge_[0] = area / density(tail_from);
    edge_[1] = tail_from;
    for (Index i = 2; i < n_layers; ++i)
        edge_[i] = std::sqrt(-2.0 * std::log(area / edge_[i - 1] + density(edge_[i - 1])));
    edge_[n_layers] = 0.0;
    for (Index i = 0; i <= n_layers; ++i)
        height_[i] = density(edge_[i]);
}

double Ziggurat::outside(std::uint64_t bits) const {
    Sequence more(bits);
    for (;; bits = more.bits()) {
        const Index layer = static_cast<Index>(bits & (n_layers - 1));
        const double x = abscissa(bits, layer);
        if (x < edge_[layer + 1])
            return signed_by(bits, x);
        if (layer == 0) {
            double beyond, bound;
            do {
                beyond = -std::log(more.uniform()) / tail_from;
                bound = -2.0 * std::log(more.uniform());
            } while (bound <= beyond * beyond);
            return signed_by(bits, tail_from + beyond);
        }
        const double height =
            height_[layer] + more.uniform() * (height_[layer + 1] - height_[layer]);
        if (height < density(x))
            return signed_by(bits, x);
    }
}

double symmetric_beta(double a, std::uint64_t key) {
    Sequence draws(key);
    if (a > 0.5) {
        const double square = -std::expm1(std::log(draws.uniform()) / (a - 0.5));
        return 0.5 + 0.5 * std::sqrt(square) * std::cos(2.0 * std::numbers::pi * draws.uniform());
    }
    for (;;) {
        const double x = std::log(draws.uniform()), y = std::log(draws.uniform());
        if (std::exp(x / a) + std::exp(y / a) <= 1.0)
            return 1.0 / (1.0 + std::exp((y - x) / a));
    }
}

} // namespace deepgen::random
