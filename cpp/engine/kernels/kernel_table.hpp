// The kernels of one SIMD path, as the rest of the engine sees them: tables of functions for each
// scalar. paths/path_table.hpp fills them. Shapes and padding: views.hpp.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/kernels/views.hpp"

#include <span>
#include <string_view>

namespace deepgen {

// An elementwise optimizer rule; see optimizers/rules/rule.hpp.
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
    // to = f(from), padding left at zero
    void (*apply)(Rows<T> from, T *to, Index to_stride);
    // gradient *= f'(x)
    void (*backward)(Rows<T> gradient, const T *x, Index x_stride);
    // slope = f'(x), slope_tangent = f''(x) tangent, then tangent *= slope; all of one stride but x
    void (*tangent_forward)(Rows<T> tangent, const T *x, Index x_stride, T *slope,
                            T *slope_tangent);
    // The same with a slope a of each unit; products = gradient (f(z) - z), of one stride with it
    void (*parametric_apply)(Rows<T> from, const T *a, T *to, Index to_stride);
    void (*parametric_backward)(Rows<T> gradient, const T *z, Index z_stride, const T *a,
                                T *products);
    void (*parametric_tangent)(const ParametricTangent<T> &);
};

// A map of single features to columns; see embeddings/list.hpp.
template <class T>
struct EmbeddingKernels {
    // out, a column of n_rows for each output
    void (*forward)(const FeatureMap<T> &, T *out);
    // sums (as numbers) += the gradient in the numbers, from that in the outputs
    void (*backward)(const FeatureMap<T> &, const T *gradients, T *sums);
    // to = the gradient in x
    void (*input_gradient)(const FeatureMap<T> &, const T *gradients, T *to);
    // The R-operator of forward and backward along a direction of the numbers; x does not move, and
    // `tangents` is R of the gradients.
    void (*tangent_forward)(const FeatureMap<T> &, const T *direction, T *out);
    void (*tangent_backward)(const FeatureMap<T> &, const T *direction, const T *gradients,
                             const T *tangents, T *sums);
};

template <class T>
struct ProductKernels {
    void (*dense[n_epilogues])(const Product<T> &); // by epilogue
    void (*outer)(const OuterProduct<T> &);
    // As `dense` with bias or bias_relu, for few outputs: b is W^T (n_outputs, padded depth) in
    // panels.
    void (*narrow)(const Product<T> &, Index n_outputs, bool relu);
    // A square of one cache line.
    void (*transpose)(const T *from, Index from_stride, T *to, Index to_stride);
    void (*sparse)(const SparseBlock<T> &a, const Product<T> &shape, bool relu);
    void (*sparse_outer)(const SparseOuter<T> &);
};

template <class T>
struct MatrixKernels {
    // sum over rows, in order
    void (*column_sums)(Rows<const T> x, T *sums);
    // sums[j] = sum_i weights[i] x[i, j], in order
    void (*weighted_sums)(Rows<const T> x, const T *weights, Index weight_stride, T *sums);
    // to += from
    void (*add)(Rows<const T> from, T *to, Index to_stride);
    // sums[j] = sum_i x[i, j] y[i, j], in order
    void (*product_sums)(Rows<const T> x, const T *y, Index y_stride, T *sums);
    // to[i, j] = from[i, j] factor[j]
    void (*multiply_into)(Rows<const T> from, const T *factor, T *to, Index to_stride);
    // x[i, j] *= scale where row i keeps unit j, else 0
    void (*dropout)(Rows<T> x, const DropoutKey *keys, std::uint32_t threshold, T scale);
};

template <class T>
struct NormKernels {
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
    // standardize_columns with statistics of each row over its own features; the backward pass
    // needs inverse_std (rows,).
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
};

// The R-operator of activations and norms: how they move along a direction of the parameters.
template <class T>
struct TangentKernels {
    // tangent = tangent * slope + gradient * slope_tangent, all of one stride
    void (*activation_backward)(Rows<T> tangent, const T *gradient, const T *slope,
                                const T *slope_tangent);
    // x[i, j] *= factor[j]
    void (*multiply_columns)(Rows<T> x, const T *factor);
    // y = a * p + b * q (+ r, unless null), by column; y may be a
    void (*combine_columns)(Rows<const T> a, const T *p, const T *b, Index b_stride, const T *q,
                            const T *r, T *y, Index y_stride);
    // Rz -> Rx of NormKernels::standardize_rows, with rate_i = R(inverse_std_i) / inverse_std_i
    void (*standardize_rows)(Rows<T> tangent, const T *x, Index x_stride, const T *inverse_std,
                             T *rate);
    // R(dy scale) -> Rdz of NormKernels::unstandardize_rows, from dy, x and Rx
    void (*unstandardize_rows)(Rows<T> tangent, Rows<const T> dy, Rows<const T> x,
                               const T *tangent_x, const T *scale, const T *inverse_std,
                               const T *rate);
};

// Packed numbers for optimizers that look at a gradient as a whole; n is in whole cache lines.
template <class T>
struct VectorKernels {
    // total = gradient + penalty * weights; returns the sum of its squares
    double (*total_gradient)(Index n, const T *gradient, const T *weights, double penalty,
                             T *total);
    // saved = w; w += factor * direction
    void (*perturb)(Index n, double factor, const T *direction, T *w, T *saved);
    // w and saved change places; saved = gradient + penalty * (the perturbed w)
    void (*restore)(Index n, const T *gradient, double penalty, T *w, T *saved);
    // x *= factor
    void (*scale)(Index n, double factor, T *x);
    // y += factor * x
    void (*add_scaled)(Index n, double factor, const T *x, T *y);
    // sum of x * y
    double (*dot)(Index n, const T *x, const T *y);
    // x *= (|size| + offset)^2; returns the sum of squares with the factor taken once
    double (*scale_by_size)(Index n, const T *size, double offset, T *x);
    // y += share (x - y)
    void (*lerp)(Index n, double share, const T *x, T *y);
};

template <class T>
struct Kernels {
    std::string_view path;
    Index panel; // columns
    ProductKernels<T> products;
    std::span<const ActivationKernels<T>> activations; // in the order of activations/list.hpp
    std::span<const Rule<T>> rules;                    // in the order of optimizers/rules/list.hpp
    std::span<const EmbeddingKernels<T>> embeddings;   // in the order of embeddings/list.hpp
    MatrixKernels<T> matrix;
    NormKernels<T> norms;
    TangentKernels<T> tangents;
    VectorKernels<T> vectors;
    // to = e^x with the bits of core/functions.hpp's exp; n is in whole cache lines
    void (*exponentials)(Index n, const double *x, double *to);
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
