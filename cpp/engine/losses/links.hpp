// Inverse links, and what goes with them, without overflow or cancellation for any z.

#pragma once

#include <algorithm>
#include <cmath>

namespace deepgen::loss {

// 1 / (1 + e^-z)
inline double sigmoid(double z) {
    return 1.0 / (1.0 + std::exp(-z));
}

// log(1 + e^z) = -log sigmoid(-z)
inline double softplus(double z) {
    return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
}

} // namespace deepgen::loss
