// Layer norm: each row standardized over its own units, then scaled and shifted; the same in
// training and after.
//
//   y = scale x + shift,   x = (z - mean) / std,   std = sqrt(variance + epsilon)
//   dz = 1 / std (g - mean(g) - x mean(g x)),   g = dy scale
//
//   R x = 1 / std (R z - mean(R z) - x mean(x R z)),   R log(1 / std) = -mean(x R z) / std
//
// Means are over the row, its variance is biased.
//
// Ba, Kiros & Hinton (2016), Layer normalization, eq. (4).

#include "engine/normalizations/members.hpp"

namespace deepgen::normalization {
namespace {

constexpr Parameter parameters[] = {
    {.name = "epsilon", .value = 1e-5, .low = 0.0, .high = infinity, .open_low = true},
};

template <class T>
class Layer final : public Normalization<T> {
  public:
    Layer(const Settings &settings, const Kernels<T> &kernels)
        : epsilon_(settings["epsilon"]), kernels_(kernels) {}

    void forward(const Team &, const NormalizationCall<T> &call,
                 NormalizationMemory<T> &memory) const override {
        kernels_.norms.standardize_rows(call.own(memory.standardized.data(), memory.stride),
                                        epsilon_, call.scale, call.shift, call.least,
                                        memory.inverse_std.data() + call.rows.begin,
                                        call.y + call.rows.begin * call.y_stride, call.y_stride);
    }

    void backward(const Team &, const NormalizationCall<T> &call,
                  NormalizationMemory<T> &memory) const override {
        block_gradient_sums(kernels_, call, memory);
        kernels_.norms.unstandardize_rows(
            call.own(call.y, call.y_stride),
            memory.standardized.data() + call.rows.begin * memory.stride, memory.stride, call.scale,
            memory.inverse_std.data() + call.rows.begin);
    }

    void frozen_forward(const Team &team, const NormalizationCall<T> &call,
                        NormalizationMemory<T> &memory) const override {
        forward(team, call, memory);
    }

    void frozen_backward(const Team &team, const NormalizationCall<T> &call,
                         NormalizationMemory<T> &memory) const override {
        backward(team, call, memory);
    }

    void tangent_forward(const Team &, const NormalizationTangent<T> &call,
                         const NormalizationMemory<T> &memory,
                         NormalizationMemory<T> &tangent) const override {
        const Index first = call.rows.begin;
        kernels_.tangents.standardize_rows(call.own(tangent.standardized.data(), tangent.stride),
                                           memory.standardized.data() + first * memory.stride,
                                           memory.stride, memory.inverse_std.data() + first,
                                           tangent.inverse_std.data() + first);
        tangent_scale(kernels_, call, memory, tangent);
    }

    void tangent_backward(const Team &team, const NormalizationTangent<T> &call,
                          const NormalizationMemory<T> &memory,
                          NormalizationMemory<T> &tangent) const override {
        const Index first = call.rows.begin;
        tangent_unscale(kernels_, team, call, memory, tangent);
        kernels_.tangents.unstandardize_rows(
            call.own(call.y, call.y_stride), call.own(call.dy, call.dy_stride),
            call.own(memory.standardized.data(), memory.stride),
            tangent.standardized.data() + first * tangent.stride, call.scale,
            memory.inverse_std.data() + first, tangent.inverse_std.data() + first);
    }

  private:
    double epsilon_;
    const Kernels<T> &kernels_;
};

} // namespace

constinit const NormalizationEntry layer{
    .name = "layer",
    .parameters = parameters,
    .scales = true,
    .replaces_bias = false,
    .keeps_statistics = false,
    .make_float = make_normalization<float, Layer>,
    .make_double = make_normalization<double, Layer>,
};

} // namespace deepgen::normalization
