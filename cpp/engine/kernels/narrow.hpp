// A layer of few outputs, forward: dot products of rows with the rows of W^T.
//
//   z[i, o] = sum_k a[i, k] W^T[o, k] + bias[o]
//
// As many rows as a register has lanes are summed side by side, one register each; transposed,
// those registers add up to one register of sums. The padding of a and W^T is zero, so whole
// registers are read.

#pragma once

#include "engine/kernels/product.hpp"
#include "engine/kernels/transpose.hpp"

namespace deepgen::DEEPGEN_PATH {

// As product() with the epilogue bias or bias_relu; b holds W^T (outputs, padded depth) in panels.
template <class T>
void narrow_product(const Product<T> &p, Index n_outputs, bool relu) {
    using V = Simd<T>;
    constexpr Index together = V::lanes;
    const Index depth = padded<T>(p.depth);
    for (Index first = 0; first < p.rows; first += together) {
        const Index rows = std::min(together, p.rows - first);
        const T *a[together]; // past the end the last row is summed again, and not stored
        for (Index i = 0; i < together; ++i)
            a[i] = p.a + (first + std::min(i, rows - 1)) * p.a_stride;
        for (Index output = 0; output < n_outputs; ++output) {
            V sums[together];
#pragma GCC unroll 16
            for (Index i = 0; i < together; ++i)
                sums[i] = V(T(0));
            for (Index panel = 0; panel < depth; panel += panel_columns<T>) {
                const Index width = std::min(panel_columns<T>, depth - panel);
                const T *const b = p.b + panel * n_outputs + output * width;
                for (Index j = 0; j < width; j += V::lanes) {
                    const V w = V::load(b + j);
#pragma GCC unroll 16
                    for (Index i = 0; i < together; ++i)
                        sums[i] = fmadd(V::load(a[i] + panel + j), w, sums[i]);
                }
            }
            V z = lane_sums<T>(sums) + V(p.bias[output]);
            if (relu)
                z = max(V(T(0)), z); // in this order NaN passes
            for (Index i = 0; i < rows; ++i)
                p.c[(first + i) * p.c_stride + output] = z.v[i];
        }
    }
}

} // namespace deepgen::DEEPGEN_PATH
