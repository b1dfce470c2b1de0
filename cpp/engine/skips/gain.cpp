// A residual whose branch is multiplied by one trainable number, its gain.
//
//   a = g h + x,   dh = g da,   dg = sum(da h),   dx = da
//
// Fixup starts with g = 1 and a branch that gives zeros, SkipInit with g = 0.
//
// Zhang, Dauphin & Ma (2019), Fixup initialization, section 3.2 (the multiplier of each branch).
// De & Smith (2020), Batch normalization biases residual blocks towards the identity, section 4.

#include "engine/skips/members.hpp"

#include <algorithm>

namespace deepgen::skip {
namespace {

// sums[block] = sum of a b over the block's rows, or that added to it.
template <class T>
void block_products(const Rows<const T> &a, const Rows<const T> &b, double *sums, bool add) {
    for (Index row = 0; row < a.rows; row += row_block) {
        double sum = 0.0;
        for (Index i = row; i < std::min(row + row_block, a.rows); ++i)
            for (Index j = 0; j < a.width; ++j)
                sum += static_cast<double>(entry(a, i, j)) * static_cast<double>(entry(b, i, j));
        sums[row / row_block] = add ? sums[row / row_block] + sum : sum;
    }
}

template <class T>
Rows<const T> read(const Rows<T> &rows) {
    return {rows.rows, rows.width, rows.data, rows.stride};
}

template <class T>
class Gain final : public Skip<T> {
  public:
    Gain(const Settings &, const Kernels<T> &kernels) : kernels_(kernels) {}

    void forward(const SkipCall<T> &call, Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            entry(output, i, j) = call.gain * entry(call.branch, i, j) + entry(call.carried, i, j);
        });
    }

    void backward(const SkipCall<T> &call, const SkipSlopes<T> &slopes) const override {
        carry(kernels_, slopes);
        block_products(read(slopes.slope), call.branch, slopes.gains, false);
        for_each_entry(slopes.slope,
                       [&](Index i, Index j) { entry(slopes.slope, i, j) *= call.gain; });
    }

    void tangent_forward(const SkipCall<T> &call, const SkipTangent<T> &tangent,
                         Rows<T> output) const override {
        for_each_entry(output, [&](Index i, Index j) {
            entry(output, i, j) = call.gain * entry(tangent.branch, i, j) +
                                  tangent.gain * entry(call.branch, i, j) +
                                  entry(tangent.carried, i, j);
        });
    }

    void tangent_backward(const SkipCall<T> &call, const SkipTangent<T> &tangent,
                          Rows<const T> slope, const SkipSlopes<T> &tangents) const override {
        carry(kernels_, tangents);
        block_products(read(tangents.slope), call.branch, tangents.gains, false);
        block_products(slope, tangent.branch, tangents.gains, true);
        for_each_entry(slope, [&](Index i, Index j) {
            T &own = entry(tangents.slope, i, j);
            own = call.gain * own + tangent.gain * entry(slope, i, j);
        });
    }

  private:
    const Kernels<T> &kernels_;
};

} // namespace

constinit const SkipEntry gain{
    .name = "gain",
    .parameters = {},
    .before_normalization = false,
    .gate = {},
    .has_gain = true,
    .make_float = make_skip<float, Gain>,
    .make_double = make_skip<double, Gain>,
};

} // namespace deepgen::skip
