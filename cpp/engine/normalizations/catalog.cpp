// The catalog of normalizations, generated from the list of members, and what members share.

#include "engine/normalizations/members.hpp"

#include <algorithm>

namespace deepgen {

std::span<const NormalizationEntry *const> normalizations() {
#define DEEPGEN_MEMBER(name) &normalization::name,
    static constexpr const NormalizationEntry *members[] = {DEEPGEN_NORMALIZATIONS(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER
    return members;
}

template <class T>
NormalizationMemory<T>::NormalizationMemory(Index width_, Index max_rows, Index team_size)
    : width(width_), stride(row_stride<T>(width_)), standardized(as_size(max_rows * stride)),
      inverse_std(as_size(max_rows)), vectors(as_size(3 * team_size * stride)),
      totals(as_size(2 * team_size * stride)), sums(as_size(n_row_blocks(max_rows) * stride)),
      squares(sums.size()), gradients(sums.size()), products(sums.size()) {}

template <class T>
void scale_gradient(const Kernels<T> &kernels, const Team &team, NormalizationMemory<T> &memory,
                    Index n_rows, T *scale, T *shift) {
    double *const products = memory.total(team.rank, 0), *const gradients =
                                                             memory.total(team.rank, 1);
    kernels.norms.column_totals(memory.blocks(memory.products, n_rows), products);
    kernels.norms.column_totals(memory.blocks(memory.gradients, n_rows), gradients);
    for (Index j = 0; j < memory.width; ++j) {
        scale[j] = static_cast<T>(products[j]);
        shift[j] = static_cast<T>(gradients[j]);
    }
}

template <class T>
void block_gradient_sums(const Kernels<T> &kernels, const NormalizationCall<T> &call,
                         NormalizationMemory<T> &memory) {
    for (Index row = call.rows.begin; row < call.rows.end; row += row_block) {
        const Index rows = std::min(row_block, call.rows.end - row);
        const Index at = row / row_block * memory.stride;
        kernels.norms.gradient_sums(
            {rows, memory.width, call.y + row * call.y_stride, call.y_stride},
            memory.standardized.data() + row * memory.stride, memory.stride,
            memory.gradients.data() + at, memory.products.data() + at);
    }
}

template <class T>
void tangent_scale(const Kernels<T> &kernels, const NormalizationTangent<T> &call,
                   const NormalizationMemory<T> &memory, const NormalizationMemory<T> &tangent) {
    kernels.tangents.combine_columns(call.own(tangent.standardized.data(), tangent.stride),
                                     call.scale,
                                     memory.standardized.data() + call.rows.begin * memory.stride,
                                     memory.stride, call.scale_direction, call.shift_direction,
                                     call.y + call.rows.begin * call.y_stride, call.y_stride);
}

template <class T>
void tangent_unscale(const Kernels<T> &kernels, const Team &team,
                     const NormalizationTangent<T> &call, const NormalizationMemory<T> &memory,
                     NormalizationMemory<T> &tangent) {
    double *const unused = tangent.total(team.rank, 0), *const second = tangent.total(team.rank, 1);
    for (Index row = call.rows.begin; row < call.rows.end; row += row_block) {
        const Index n = std::min(row_block, call.rows.end - row);
        const Index at = row / row_block * tangent.stride, x = row * memory.stride;
        double *const products = tangent.products.data() + at;
        kernels.norms.gradient_sums({n, call.width, call.y + row * call.y_stride, call.y_stride},
                                    memory.standardized.data() + x, memory.stride,
                                    tangent.gradients.data() + at, products);
        kernels.norms.gradient_sums({n, call.width, call.dy + row * call.dy_stride, call.dy_stride},
                                    tangent.standardized.data() + x, tangent.stride, unused,
                                    second);
        for (Index j = 0; j < call.width; ++j)
            products[j] += second[j];
    }
    T *const y = call.y + call.rows.begin * call.y_stride;
    kernels.tangents.combine_columns(call.own(static_cast<const T *>(call.y), call.y_stride),
                                     call.scale, call.dy + call.rows.begin * call.dy_stride,
                                     call.dy_stride, call.scale_direction, nullptr, y,
                                     call.y_stride);
}

template struct NormalizationMemory<float>;
template struct NormalizationMemory<double>;
template void scale_gradient(const Kernels<float> &, const Team &, NormalizationMemory<float> &,
                             Index, float *, float *);
template void scale_gradient(const Kernels<double> &, const Team &, NormalizationMemory<double> &,
                             Index, double *, double *);
template void block_gradient_sums(const Kernels<float> &, const NormalizationCall<float> &,
                                  NormalizationMemory<float> &);
template void block_gradient_sums(const Kernels<double> &, const NormalizationCall<double> &,
                                  NormalizationMemory<double> &);
template void tangent_scale(const Kernels<float> &, const NormalizationTangent<float> &,
                            const NormalizationMemory<float> &, const NormalizationMemory<float> &);
template void tangent_unscale(const Kernels<float> &, const Team &,
                              const NormalizationTangent<float> &,
                              const NormalizationMemory<float> &, NormalizationMemory<float> &);
template void tangent_scale(const Kernels<double> &, const NormalizationTangent<double> &,
                            const NormalizationMemory<double> &,
                            const NormalizationMemory<double> &);
template void tangent_unscale(const Kernels<double> &, const Team &,
                              const NormalizationTangent<double> &,
                              const NormalizationMemory<double> &, NormalizationMemory<double> &);

} // namespace deepgen
