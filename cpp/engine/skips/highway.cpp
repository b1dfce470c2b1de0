// The highway: a gate decides, unit by unit, how much of the branch replaces what is carried.
//
//   a = t h + (1 - t) x,   t = 1 / (1 + exp(-z_T))
//   dh = t da,   dx = (1 - t) da,   dz_T = t (1 - t) (h - x) da
//
//   R a = t Rh + (1 - t) Rx + (h - x) Rt,   Rt = t (1 - t) R z_T
//   R dz_T = t (1 - t) ((h - x) R da + (Rh - Rx) da + (1 - 2 t) (h - x) da R z_T)
//
// Srivastava, Greff & Schmidhuber (2015), Highway networks, eqs. (2) and (3).

#include "engine/skips/members.hpp"

namespace deepgen::skip {
namespace {

template <class T>
class Highway final : public Skip<T> {
  public:
    Highway(const Settings &, const Kernels<T> &) {}

    void forward(const SkipCall<T> &call, Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            const T x = entry(call.carried, i, j);
            entry(output, i, j) = x + entry(call.gate, i, j) * (entry(call.branch, i, j) - x);
        });
    }

    void backward(const SkipCall<T> &call, const SkipGradients<T> &gradients) const override {
        for_each_entry(gradients.branch, [&](Index i, Index j) {
            const T t = entry(call.gate, i, j), da = entry(gradients.branch, i, j);
            const T apart = entry(call.branch, i, j) - entry(call.carried, i, j);
            entry(gradients.gate, i, j) = t * (1 - t) * apart * da;
            add(gradients, i, j, (1 - t) * da);
            entry(gradients.branch, i, j) = t * da;
        });
    }

    void tangent_forward(const SkipCall<T> &call, const SkipTangent<T> &tangent,
                         Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            const T t = entry(call.gate, i, j), rt = t * (1 - t) * entry(tangent.gate, i, j);
            const T apart = entry(call.branch, i, j) - entry(call.carried, i, j);
            entry(output, i, j) = t * entry(tangent.branch, i, j) +
                                  (1 - t) * entry(tangent.carried, i, j) + apart * rt;
        });
    }

    void tangent_backward(const SkipCall<T> &call, const SkipTangent<T> &tangent,
                          Rows<const T> gradient, const SkipGradients<T> &tangents) const override {
        for_each_entry(gradient, [&](Index i, Index j) {
            const T t = entry(call.gate, i, j), rz = entry(tangent.gate, i, j);
            const T da = entry(gradient, i, j), rda = entry(tangents.branch, i, j);
            const T apart = entry(call.branch, i, j) - entry(call.carried, i, j);
            const T moved = entry(tangent.branch, i, j) - entry(tangent.carried, i, j);
            const T slope = t * (1 - t);
            entry(tangents.gate, i, j) =
                slope * (apart * rda + moved * da + (1 - 2 * t) * apart * da * rz);
            add(tangents, i, j, (1 - t) * rda - slope * rz * da);
            entry(tangents.branch, i, j) = t * rda + slope * rz * da;
        });
    }

  private:
    static void add(const SkipGradients<T> &gradients, Index i, Index j, T part) {
        T &carried = entry(gradients.carried, i, j);
        carried = gradients.carried_is_new ? part : carried + part;
    }
};

} // namespace

constinit const SkipEntry highway{
    .name = "highway",
    .parameters = {},
    .before_normalization = false,
    .gate = "logistic",
    .make_float = make_skip<float, Highway>,
    .make_double = make_skip<double, Highway>,
};

} // namespace deepgen::skip
