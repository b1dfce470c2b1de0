// The kernels of one SIMD path, as the network sees them: a table of functions for each scalar.
//
// Legend for shapes: rows are samples; a packed matrix W (k, n) is stored in panels of `panel`
// columns, each panel row-major: panel p holds W[:, p*panel : p*panel + w], w = min(panel, n -
// p*panel). Widths are padded to whole cache lines and the padding is zero, always: in weights,
// activations and gradients.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/core/types.hpp"

#include <array>
#include <span>
#include <string_view>

namespace deepgen {

// What happens to a tile of a product while it is in registers.
enum class Epilogue {
    store,           // c = ab
    accumulate,      // c += ab
    bias,            // c = ab + bias
    bias_relu,       // c = max(ab + bias, 0)
    mask,            // c = mask > 0 ? ab * mask_scale : 0      (ReLU's slope, dropout's scale)
    accumulate_mask, // c = mask > 0 ? (c + ab) * mask_scale : 0
};
inline constexpr Index n_epilogues = 6;

// c (rows, columns) = epilogue(a (rows, depth) b (depth, columns)); b is packed with b_rows >=
// depth rows.
template <class T>
struct Product {
    Index rows, columns, depth;
    const T *a;
    Index a_stride;
    const T *b;
    Index b_rows;
    T *c;
    Index c_stride;
    const T *bias = nullptr;
    const T *mask = nullptr;
    Index mask_stride = 0;
    T mask_scale = 1;
};

// out (rows, columns) = a^T b, a (depth, rows), b (depth, columns); columns <= panel, out
// contiguous.
template <class T>
struct OuterProduct {
    Index rows, columns, depth;
    const T *a;
    Index a_stride;
    const T *b;
    Index b_stride;
    T *out;
};

// CSR rows: row i holds entries [starts[i], ends[i]) of indices and values.
template <class T>
struct SparseBlock {
    Index rows;
    const std::int64_t *starts;
    const std::int64_t *ends;
    const std::int32_t *indices;
    const T *values;
};

// out (n_features, columns) = a^T b for the features [first, first + n_features) of sparse rows a:
// `cursors`, one for each row, stand at the first entry that is not below `first` and are moved
// past the last feature.
template <class T>
struct SparseOuter {
    SparseBlock<T> a;
    std::int64_t *cursors;
    Index first, n_features, columns;
    const T *b;
    Index b_stride;
    T *out; // panels of n_features rows each
};

// A block of a matrix of samples: (rows, width), rows `stride` apart.
template <class T>
struct Rows {
    Index rows, width;
    T *data;
    Index stride;
};

// Sums over rows, by column, block after block of `row_block` rows.
struct BlockSums {
    Index n_rows, width;
    const double *sums;
    Index stride; // between blocks
};

// What dropout needs to know of one row: two halves of its key.
struct DropoutKey {
    std::uint32_t low, high;
};

inline constexpr Index max_state_arrays = 3;
using RuleConstants = std::array<double, 8>;

// The weights that an elementwise rule updates in one go, with their gradient and the rule's
// state.
template <class T>
struct RuleTile {
    Index n; // multiple of a cache line
    T *weights;
    const T *gradient;
    std::array<T *, max_state_arrays> state;
    double penalty;                // L2: gradient + penalty * weight is what the rule sees
    double decay;                  // decoupled: weight *= 1 - decay first
    double gradient_squares = 0.0; // out: sum of (gradient + penalty * weight)^2
    double weight_squares = 0.0;   // out: sum of weight^2, before
};

// An elementwise optimizer rule; see optimizers/rule.hpp.
template <class T>
struct Rule {
    std::string_view name;
    std::span<const Parameter> parameters;
    Index n_state_arrays;
    double (*initial)(const double *settings); // the value that every state array starts with
    RuleConstants (*constants)(const double *settings, double step, double rate);
    void (*update)(const RuleConstants &, RuleTile<T> &);
};

template <class T>
struct ActivationKernels {
    bool from_output;
    void (*apply)(Rows<T> from, T *to, Index to_stride); // to = f(from), padding left at zero
    void (*backward)(Rows<T> gradient, const T *x, Index x_stride); // gradient *= f'(x)
    // slope = f'(x), slope_tangent = f''(x) tangent, then tangent *= slope; all of one stride but x
    void (*tangent_forward)(Rows<T> tangent, const T *x, Index x_stride, T *slope,
                            T *slope_tangent);
};

template <class T>
struct Kernels {
    std::string_view path;
    Index panel; // columns

    void (*product[n_epilogues])(const Product<T> &);
    void (*outer_product)(const OuterProduct<T> &);
    // As `product` with bias or bias_relu, for few outputs: b is W^T (n_outputs, padded depth) in
    // panels.
    void (*narrow_product)(const Product<T> &, Index n_outputs, bool relu);
    void (*transpose)(const T *from, Index from_stride, T *to,
                      Index to_stride); // one cache line square

    void (*sparse_product)(const SparseBlock<T> &a, const Product<T> &shape, bool relu);
    void (*sparse_outer)(const SparseOuter<T> &);

    std::span<const ActivationKernels<T>> activations; // in the order of activations/list.hpp
    std::span<const Rule<T>> rules;                    // in the order of optimizers/list.hpp

    // sum over rows, in order
    void (*column_sums)(Rows<const T> x, T *sums);
    // sums[j] = sum_i weights[i] x[i, j], in order
    void (*weighted_sums)(Rows<const T> x, const T *weights, Index weight_stride, T *sums);
    // to += from
    void (*add)(Rows<const T> from, T *to, Index to_stride);
    // x[i, j] *= scale where row i keeps unit j, else 0
    void (*dropout)(Rows<T> x, const DropoutKey *keys, std::uint32_t threshold, T scale);

    // Statistics over the rows of a block, in double: sum and sum of squared distances from the
    // block's mean.
    void (*moments)(Rows<const T> x, double *sums, double *squares);
    // Sums over all rows, blocks in order.
    void (*column_totals)(const BlockSums &blocks, double *totals);
    // Mean and biased variance of all rows, from those of their blocks.
    void (*join_moments)(const BlockSums &blocks, const double *squares, double *mean,
                         double *variance);
    // 1 / sqrt(variance + epsilon)
    void (*inverse_roots)(Index width, const double *variance, double epsilon, T *inverse_std);
    // x = (x - mean) * inverse_std, by column; y = max(least, x * scale + shift)
    void (*standardize_columns)(Rows<T> x, const T *mean, const T *inverse_std, const T *scale,
                                const T *shift, T least, T *y, Index y_stride);
    // y = (x - mean) * factor, by column
    void (*scale_columns)(Rows<const T> x, const T *mean, const T *factor, T *y, Index y_stride);
    // standardize_columns with statistics of each row over its own features; inverse_std (rows,) is
    // kept for the way back.
    void (*standardize_rows)(Rows<T> x, double epsilon, const T *scale, const T *shift, T least,
                             T *inverse_std, T *y, Index y_stride);
    // sums[j] = sum_i dy[i, j], products[j] = sum_i dy[i, j] x[i, j], in double
    void (*gradient_sums)(Rows<const T> dy, const T *x, Index x_stride, double *sums,
                          double *products);
    // dy -> dz: factor[j] (dy - mean_dy[j] - x mean_dyx[j])
    void (*unstandardize_columns)(Rows<T> dy, const T *x, Index x_stride, const T *factor,
                                  const T *mean_dy, const T *mean_dyx);
    // dy -> dz with g = dy * scale: inverse_std_i (g - mean_j g - x mean_j(g x))
    void (*unstandardize_rows)(Rows<T> dy, const T *x, Index x_stride, const T *scale,
                               const T *inverse_std);

    // The R-operator on the way back: tangent = tangent * slope + gradient * slope_tangent, all of
    // one stride
    void (*activation_tangent_backward)(Rows<T> tangent, const T *gradient, const T *slope,
                                        const T *slope_tangent);
    // x[i, j] *= factor[j]
    void (*multiply_columns)(Rows<T> x, const T *factor);
    // y = a * p + b * q (+ r, unless null), by column; y may be a
    void (*combine_columns)(Rows<const T> a, const T *p, const T *b, Index b_stride, const T *q,
                            const T *r, T *y, Index y_stride);
    // Rz -> Rx of standardize_rows, with rate_i = R(inverse_std_i) / inverse_std_i
    void (*tangent_standardize_rows)(Rows<T> tangent, const T *x, Index x_stride,
                                     const T *inverse_std, T *rate);
    // R(dy scale) -> Rdz of unstandardize_rows, from dy, x and Rx
    void (*tangent_unstandardize_rows)(Rows<T> tangent, Rows<const T> dy, Rows<const T> x,
                                       const T *tangent_x, const T *scale, const T *inverse_std,
                                       const T *rate);

    // Chunks of packed numbers, whole cache lines: total = gradient + penalty * weights, and the
    // sum of its squares; saved = w, w += factor * direction; the two change places, and saved is
    // gradient + penalty * (w as it was away); x *= factor; y += factor * x; sum of x * y;
    // x *= (|size| + offset)^2, and the sum of squares with the factor taken once.
    double (*total_gradient)(Index n, const T *gradient, const T *weights, double penalty,
                             T *total);
    void (*perturb)(Index n, double factor, const T *direction, T *w, T *saved);
    void (*restore)(Index n, const T *gradient, double penalty, T *w, T *saved);
    void (*scale)(Index n, double factor, T *x);
    void (*add_scaled)(Index n, double factor, const T *x, T *y);
    double (*dot)(Index n, const T *x, const T *y);
    double (*scale_by_size)(Index n, const T *size, double offset, T *x);
    // y += share (x - y)
    void (*lerp)(Index n, double share, const T *x, T *y);

    // GFLOP/s of one thread doing nothing but fused multiply-adds in registers.
    double (*fma_peak)();
};

// "avx512", "avx2", "portable": those that this machine runs, best first.
std::span<const std::string_view> simd_paths();

// The table of a path; an empty name means DEEPGEN_SIMD from the environment, or else the best one.
template <class T>
const Kernels<T> &kernels(std::string_view path);

// The table of the same path whose products are as exact as the type.
template <class T>
const Kernels<T> &full_precision(const Kernels<T> &table);

// The same with products in bfloat16; refused where the machine has none.
const Kernels<float> &kernels_bfloat16(std::string_view path);

} // namespace deepgen
