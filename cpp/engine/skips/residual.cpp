// The residual: the branch is added to what is carried.
//
//   a = h + x,   dh = dx = da
//
// He, Zhang, Ren & Sun (2016), Identity mappings in deep residual networks, eq. (1).

#include "engine/skips/members.hpp"

namespace deepgen::skip {
namespace {

template <class T>
class Residual final : public Skip<T> {
  public:
    Residual(const Settings &, const Kernels<T> &kernels) : kernels_(kernels) {}

    // In place: nothing else is made of the branch.
    void forward(const SkipCall<T> &call, Rows<T> output) const override {
        kernels_.matrix.add(call.carried, output.data, output.stride);
    }

    void backward(const SkipCall<T> &, const SkipGradients<T> &gradients) const override {
        carry(kernels_, gradients);
    }

    void tangent_forward(const SkipCall<T> &, const SkipTangent<T> &tangent,
                         Rows<T> output) const override {
        kernels_.matrix.add(tangent.carried, output.data, output.stride);
    }

    void tangent_backward(const SkipCall<T> &, const SkipTangent<T> &, Rows<const T>,
                          const SkipGradients<T> &tangents) const override {
        carry(kernels_, tangents);
    }

  private:
    const Kernels<T> &kernels_;
};

} // namespace

constinit const SkipEntry residual{
    .name = "residual",
    .parameters = {},
    .before_normalization = false,
    .gate = {},
    .make_float = make_skip<float, Residual>,
    .make_double = make_skip<double, Residual>,
};

} // namespace deepgen::skip
