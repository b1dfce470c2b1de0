// No normalization: the network goes straight from product to activation.

#include "engine/normalizations/members.hpp"

namespace deepgen::normalization {

constinit const NormalizationEntry none{
    .name = "none",
    .parameters = {},
    .scales = false,
    .replaces_bias = false,
    .keeps_statistics = false,
    .make_float = [](const Settings &,
                     const Kernels<float> &) { return std::unique_ptr<Normalization<float>>(); },
    .make_double = [](const Settings &,
                      const Kernels<double> &) { return std::unique_ptr<Normalization<double>>(); },
};

} // namespace deepgen::normalization
