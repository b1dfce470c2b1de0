// DeepNorm: what is carried is magnified, and the sum is normalized.
//
//   y = norm(z + alpha x),   dx = alpha dz
//
// The layer's normalization follows; alpha = 1 with layer norm is the post-LN residual.
//
// Wang, Ma, Dong, Huang, Zhang & Wei (2022), DeepNet: scaling transformers to 1,000 layers, eq.
// (1).

#include "engine/skips/members.hpp"

namespace deepgen::skip {
namespace {

constexpr Parameter parameters[] = {
    {.name = "alpha", .value = 1.0, .low = 0.0, .high = infinity},
};

template <class T>
class DeepNorm final : public Skip<T> {
  public:
    DeepNorm(const Settings &settings, const Kernels<T> &)
        : alpha_(static_cast<T>(settings["alpha"])) {}

    void forward(const SkipCall<T> &call, Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            entry(output, i, j) += alpha_ * entry(call.carried, i, j);
        });
    }

    void backward(const SkipCall<T> &, const SkipGradients<T> &gradients) const override {
        for_each_entry(gradients.branch, [&](Index i, Index j) {
            T &carried = entry(gradients.carried, i, j);
            const T part = alpha_ * entry(gradients.branch, i, j);
            carried = gradients.carried_is_new ? part : carried + part;
        });
    }

    void tangent_forward(const SkipCall<T> &, const SkipTangent<T> &tangent,
                         Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            entry(output, i, j) += alpha_ * entry(tangent.carried, i, j);
        });
    }

    void tangent_backward(const SkipCall<T> &call, const SkipTangent<T> &, Rows<const T>,
                          const SkipGradients<T> &tangents) const override {
        backward(call, tangents);
    }

  private:
    T alpha_;
};

} // namespace

constinit const SkipEntry deepnorm{
    .name = "deepnorm",
    .parameters = parameters,
    .before_normalization = true,
    .gate = {},
    .make_float = make_skip<float, DeepNorm>,
    .make_double = make_skip<double, DeepNorm>,
};

} // namespace deepgen::skip
