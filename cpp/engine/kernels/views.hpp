// What kernels are called with: views of matrices, sparse rows and weights, which never own.
//
// Legend for shapes: rows are samples; a packed matrix W (k, n) is stored in panels of `panel`
// columns, each panel row-major: panel p holds W[:, p*panel : p*panel + w], w = min(panel, n -
// p*panel). Widths are padded to whole cache lines and the padding is zero, always: in weights,
// activations and gradients.

#pragma once

#include "engine/core/types.hpp"

#include <array>

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

// How one feature is mapped: n_outputs columns, made of a basis of n_hidden functions of it.
struct MapShape {
    Index n_hidden, n_outputs;
};

// A column of a feature's values, with the trained and the fixed numbers of its map.
template <class T>
struct FeatureMap {
    MapShape shape;
    Index n_rows; // whole row blocks
    const T *x;
    const T *numbers;
    const T *constants;
    Index stride; // between columns of outputs, and of their gradients
};

// The R-operator of an activation with trained slopes a (kernels/parametric.hpp): Rz becomes Rh,
// and what the way back needs of dh/dz and dh/da is written out; all of one stride but z.
template <class T>
struct ParametricTangent {
    Rows<T> tangent;
    const T *z;
    Index z_stride;
    const T *a, *direction;
    T *slope, *slope_tangent, *lift, *lift_tangent;
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

} // namespace deepgen
