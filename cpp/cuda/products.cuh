// The three products of a dense layer. Every entry is one chain of fused multiply-adds over the
// depth, in order, as the CPU's tiles have it; a thread keeps some rows and columns in registers.

#pragma once

#include "cuda/crew.cuh"
#include "cuda/members.cuh"
#include "cuda/net.cuh"

namespace deepgen::cuda {

using one_lane::Member;
using one_lane::with_activation;
using one_lane::with_rule;
using Real = one_lane::Simd<float>;

inline constexpr int tile_rows = 4, tile_columns = 2; // of a thread

// A column of the right factor: entries `stride` apart.
struct Column {
    const float *first;
    int stride;
};

// The left factor: rows `across` apart, entries of a row `along` apart.
struct Left {
    const float *data;
    int across, along;
};

// Calls finish(i, j, sum over k of a(i, k) b(k, j)); column(j) gives the column of b.
template <class ColumnOf, class Finish>
__device__ void product(Crew &crew, int rows, int columns, int depth, Left a, ColumnOf column,
                        Finish finish) {
    constexpr int wide = tile_columns * warp_size;
    const int across = (columns + wide - 1) / wide;
    crew.share((rows + tile_rows - 1) / tile_rows * across, [&](int tile) {
        const int row = tile / across * tile_rows;
        const int first = tile % across * wide + crew.lane();
        if (first >= columns)
            return;
        const float *left[tile_rows];
        Column right[tile_columns];
        Real sum[tile_rows][tile_columns];
        // Past the end the last one is taken again, and not stored.
        for (int r = 0; r < tile_rows; ++r)
            left[r] = a.data + min(row + r, rows - 1) * a.across;
        for (int c = 0; c < tile_columns; ++c)
            right[c] = column(min(first + c * warp_size, columns - 1));
        for (int r = 0; r < tile_rows; ++r)
            for (int c = 0; c < tile_columns; ++c)
                sum[r][c] = Real(0.0F);
        for (int k = 0; k < depth; ++k) {
            Real b[tile_columns];
            for (int c = 0; c < tile_columns; ++c)
                b[c] = Real(right[c].first[k * right[c].stride]);
            for (int r = 0; r < tile_rows; ++r) {
                const Real x(left[r][k * a.along]);
                for (int c = 0; c < tile_columns; ++c)
                    sum[r][c] = fmadd(x, b[c], sum[r][c]);
            }
        }
        for (int r = 0; r < tile_rows && row + r < rows; ++r)
            for (int c = 0; c < tile_columns; ++c)
                if (first + c * warp_size < columns)
                    finish(row + r, first + c * warp_size, sum[r][c]);
    });
}

// Where column j of a matrix begins that is packed in panels, and how far its entries are apart;
// `gap` numbers stand between the rows of a panel.
struct Place {
    int first, stride;
};
DEEPGEN_ANYWHERE inline Place packed_place(int rows, int columns, int gap, int j) {
    const int begin = j / panel * panel;
    const int width = min(panel, columns - begin);
    return {begin / panel * (panel + gap) * rows + (j - begin), width + gap};
}
__device__ inline Column packed_column(const float *matrix, int rows, int columns, int gap, int j) {
    const Place place = packed_place(rows, columns, gap, j);
    return {matrix + place.first, place.stride};
}

// Calls finish(i, o, z) with the dot products of rows and of the rows of W^T: 16 chains each, as
// many as a register of the CPU has lanes, added in halves.
template <class Finish>
__device__ void narrow_product(Crew &crew, int rows, int n_outputs, int depth, Left a,
                               const float *transposed, Finish finish) {
    const int n = rows * n_outputs, padded = (depth + lanes - 1) / lanes * lanes;
    const int lane = crew.lane() % lanes;
    crew.share((n + 1) / 2, [&](int pair) {
        const int number = min(2 * pair + crew.lane() / lanes, n - 1);
        const int i = number / n_outputs, o = number % n_outputs;
        Real sum(0.0F);
        for (int k = lane; k < depth; k += lanes) {
            const int begin = k / panel * panel;
            const int width = min(panel, padded - begin);
            sum = fmadd(Real(a.data[i * a.across + k * a.along]),
                        Real(transposed[begin * n_outputs + o * width + (k - begin)]), sum);
        }
        for (int half = lanes / 2; half > 0; half /= 2)
            sum += Real(__shfl_xor_sync(whole_warp, sum.v, half));
        if (lane == 0 && number == 2 * pair + crew.lane() / lanes)
            finish(i, o, sum);
    });
}

// sums(j) = the sum of column j: four chains, joined in one fixed order.
template <class Finish>
__device__ void column_sums(Crew &crew, int rows, int columns, const float *x, int stride,
                            Finish finish) {
    crew.share_entries(1, columns, [&](int, int j) {
        Real chain[4] = {Real(0.0F), Real(0.0F), Real(0.0F), Real(0.0F)};
        int i = 0;
        DEEPGEN_UNROLL(8)
        for (; i + 4 <= rows; i += 4)
            for (int c = 0; c < 4; ++c)
                chain[c] += Real(x[(i + c) * stride + j]);
        for (; i < rows; ++i)
            chain[0] += Real(x[i * stride + j]);
        finish(j, (chain[0] + chain[1]) + (chain[2] + chain[3]));
    });
}

} // namespace deepgen::cuda
