// The table of one SIMD path. Included by exactly one source file for each path, compiled with that
// path's flags.

#include "engine/activations/list.hpp"
#include "engine/activations/members.hpp"
#include "engine/embeddings/list.hpp"
#include "engine/embeddings/members.hpp"
#include "engine/kernels/columns.hpp"
#include "engine/kernels/exponentials.hpp"
#include "engine/kernels/kernel_table.hpp"
#include "engine/kernels/narrow.hpp"
#include "engine/kernels/parametric.hpp"
#include "engine/kernels/peak.hpp"
#include "engine/kernels/product.hpp"
#include "engine/kernels/rows.hpp"
#include "engine/kernels/sparse.hpp"
#include "engine/kernels/tangents.hpp"
#include "engine/kernels/transpose.hpp"
#include "engine/kernels/vectors.hpp"
#include "engine/optimizers/rules/list.hpp"
#include "engine/optimizers/rules/members.hpp"

#define DEEPGEN_STRING(x) #x
#define DEEPGEN_NAME(x) DEEPGEN_STRING(x)

namespace deepgen::DEEPGEN_PATH {
namespace {

// Only the first `width` columns: f(0) need not be 0 and the padding has to stay so.
template <class T, class Member>
void apply(Rows<T> from, T *to, Index to_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < from.rows; ++i) {
        const T *const x = from.data + i * from.stride;
        T *const y = to + i * to_stride;
        for (Index j = 0; j < padded<T>(from.width); j += V::lanes)
            Member::value(V::load(x + j)).store(y + j);
        for (Index j = from.width; j < padded<T>(from.width); ++j)
            y[j] = 0;
    }
}

template <class T, class Member>
void backward(Rows<T> gradient, const T *x, Index x_stride) {
    using V = Simd<T>;
    for (Index i = 0; i < gradient.rows; ++i)
        for (Index j = 0; j < padded<T>(gradient.width); j += V::lanes) {
            T *const at = gradient.data + i * gradient.stride + j;
            (V::load(at) * Member::slope(V::load(x + i * x_stride + j))).store(at);
        }
}

template <class T, class Member>
void tangent_forward(Rows<T> tangent, const T *x, Index x_stride, T *slope, T *slope_tangent) {
    using V = Simd<T>;
    for (Index i = 0; i < tangent.rows; ++i)
        for (Index j = 0; j < padded<T>(tangent.width); j += V::lanes) {
            const Index at = i * tangent.stride + j;
            const V from = V::load(x + i * x_stride + j), before = V::load(tangent.data + at);
            const V f = Member::slope(from);
            f.store(slope + at);
            (Member::second_derivative(from) * before).store(slope_tangent + at);
            (f * before).store(tangent.data + at);
        }
}

#define DEEPGEN_MEMBER(Type, name)                                                                 \
    {Type::from_output,          apply<T, Type>,                                                   \
     backward<T, Type>,          tangent_forward<T, Type>,                                         \
     parametric_apply<T, Type>,  parametric_backward<T, Type>,                                     \
     parametric_tangent<T, Type>},
template <class T>
constexpr ActivationKernels<T> activation_kernels[] = {DEEPGEN_ACTIVATIONS(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER

#define DEEPGEN_MEMBER(Type, name)                                                                 \
    {#name,                                                                                        \
     Type<T>::parameters,                                                                          \
     Type<T>::n_state_arrays,                                                                      \
     initial<T, Type>,                                                                             \
     Type<T>::constants,                                                                           \
     update<T, Type>},
template <class T>
constexpr Rule<T> rules[] = {DEEPGEN_RULES(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER

#define DEEPGEN_MEMBER(Type, name)                                                                 \
    {Type<T>::forward, Type<T>::backward, Type<T>::input_gradient, Type<T>::tangent_forward,       \
     Type<T>::tangent_backward},
template <class T>
constexpr EmbeddingKernels<T> embedding_kernels[] = {DEEPGEN_EMBEDDINGS(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER

template <class T>
constexpr Kernels<T> table{
    .path = DEEPGEN_NAME(DEEPGEN_PATH),
    .panel = panel_columns<T>,
    .products = {.dense = {products<T, FullPrecision>[0], products<T, FullPrecision>[1],
                           products<T, FullPrecision>[2], products<T, FullPrecision>[3],
                           products<T, FullPrecision>[4], products<T, FullPrecision>[5]},
                 .outer = outer_product<T>,
                 .narrow = narrow_product<T>,
                 .transpose = transpose<T>,
                 .sparse = sparse_product<T>,
                 .sparse_outer = sparse_outer<T>},
    .activations = activation_kernels<T>,
    .rules = rules<T>,
    .embeddings = embedding_kernels<T>,
    .matrix = {.column_sums = column_sums<T>,
               .weighted_sums = weighted_sums<T>,
               .add = add<T>,
               .product_sums = product_sums<T>,
               .multiply_into = multiply_into<T>,
               .dropout = dropout<T>},
    .norms = {.moments = moments<T>,
              .column_totals = column_totals,
              .join_moments = join_moments,
              .inverse_roots = inverse_roots<T>,
              .standardize_columns = standardize_columns<T>,
              .scale_columns = scale_columns<T>,
              .standardize_rows = standardize_rows<T>,
              .gradient_sums = gradient_sums<T>,
              .unstandardize_columns = unstandardize_columns<T>,
              .unstandardize_rows = unstandardize_rows<T>},
    .tangents = {.activation_backward = activation_tangent_backward<T>,
                 .multiply_columns = multiply_columns<T>,
                 .combine_columns = combine_columns<T>,
                 .standardize_rows = tangent_standardize_rows<T>,
                 .unstandardize_rows = tangent_unstandardize_rows<T>},
    .vectors = {.total_gradient = total_gradient<T>,
                .perturb = perturb<T>,
                .restore = restore<T>,
                .scale = scale<T>,
                .add_scaled = add_scaled<T>,
                .dot = dot<T>,
                .scale_by_size = scale_by_size<T>,
                .lerp = lerp<T>},
    .exponentials = exponentials,
    .fma_peak = fma_peak<T>,
};

} // namespace

const Kernels<float> &kernels_float() {
    return table<float>;
}
const Kernels<double> &kernels_double() {
    return table<double>;
}

} // namespace deepgen::DEEPGEN_PATH
