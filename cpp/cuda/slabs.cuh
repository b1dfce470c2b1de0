// Products of large layers: a block computes a tile of the product from slabs of both factors,
// which its threads bring to shared memory together. Every entry is the chain of products.cuh.
//
// While a slab is multiplied the next one is on its way from global memory to registers, and goes
// to the other half of shared memory: one meeting a slab.

#pragma once

#include "cuda/batch.cuh"
#include "cuda/products.cuh"

#include <algorithm>

namespace deepgen::cuda {

inline constexpr int slab_depth = 16;
inline constexpr int slab_columns = panel; // of a tile

// Four numbers that are read at once.
struct alignas(16) Four {
    float v[4];
};

// A block whose tiles have `height` rows. A thread multiplies height / 16 rows and four columns.
template <int height>
class SlabCrew : public Crew {
  public:
    // A row of a slab has one k and four numbers more, so that what is written across its rows
    // meets other banks.
    static constexpr int left_stride = height + 4, right_stride = slab_columns + 4;
    static constexpr int slabs = slab_depth * (left_stride + right_stride);
    // Once the slabs are used up the sums stand there, row by row.
    static constexpr int n_shared = std::max(2 * slabs, height *slab_columns);

    __device__ explicit SlabCrew(float *shared) : shared_(shared) {}

    __device__ float *left(int half) const { return shared_ + half * slabs; }
    __device__ float *right(int half) const { return left(half) + slab_depth * left_stride; }
    __device__ float *sums() const { return shared_; }

    // The first row and the first column of this thread. A warp has 4 x 8 threads; neighbours share
    // a row, and those two apart a column, which halves the accesses of a read of four numbers.
    // Rows from the fifth on are 16 further down.
    __device__ int row() const {
        const int in_warp = (lane() >> 1 & 1) | (lane() >> 3 & 2);
        return rank() / warp_size / 2 * (height / 4) + in_warp * 4;
    }
    __device__ int column() const {
        const int in_warp = (lane() & 1) | (lane() >> 1 & 6);
        return rank() / warp_size % 2 * (slab_columns / 2) + in_warp * 4;
    }

  private:
    float *shared_;
};

// As the product of products.cuh, of at most `height` rows and `slab_columns` columns.
template <int height, class ColumnOf, class Finish>
__device__ void product(SlabCrew<height> &crew, int rows, int columns, int depth, Left a,
                        ColumnOf column_of, Finish finish) {
    constexpr int n_rows = height / 16;
    constexpr int n_left = height * slab_depth / block_threads;
    constexpr int n_right = slab_columns * slab_depth / block_threads;
    using Team = SlabCrew<height>;

    // What this thread brings of a slab: of the left factor numbers that follow one another in
    // memory lie with neighbours, along k or across it.
    const int rank = crew.rank();
    const bool along = a.along == 1;
    const int left_row = along ? rank / slab_depth : rank % height;
    const int left_k = along ? rank % slab_depth : rank / height;
    const int next_row = along ? block_threads / slab_depth : 0;
    const int next_k = along ? 0 : block_threads / height;
    const int right_j = rank % slab_columns, right_k = rank / slab_columns;
    constexpr int next_right = block_threads / slab_columns;
    const Column column = column_of(min(right_j, columns - 1));
    float from_left[n_left], from_right[n_right];
    const auto fetch = [&](int first_k) {
        for (int n = 0; n < n_left; ++n) {
            // Past the last row it is taken again, and not stored; past the depth nobody asks.
            const int row = min(left_row + n * next_row, rows - 1);
            const int k = first_k + left_k + n * next_k;
            from_left[n] = k < depth ? a.data[row * a.across + k * a.along] : 0.0F;
        }
        for (int n = 0; n < n_right; ++n) {
            const int k = first_k + right_k + n * next_right;
            from_right[n] = k < depth ? column.first[k * column.stride] : 0.0F;
        }
    };
    const auto put_down = [&](int half) {
        float *const left = crew.left(half), *const right = crew.right(half);
        for (int n = 0; n < n_left; ++n)
            left[(left_k + n * next_k) * Team::left_stride + left_row + n * next_row] =
                from_left[n];
        for (int n = 0; n < n_right; ++n)
            right[(right_k + n * next_right) * Team::right_stride + right_j] = from_right[n];
    };

    Real sum[n_rows][4];
    for (int r = 0; r < n_rows; ++r)
        for (int c = 0; c < 4; ++c)
            sum[r][c] = Real(0.0F);
    const int row = crew.row(), first_column = crew.column();
    const auto multiply = [&](int half, int k) {
        const float *const left = crew.left(half) + k * Team::left_stride + row;
        const float *const right = crew.right(half) + k * Team::right_stride + first_column;
        Four x[n_rows / 4];
        for (int part = 0; part < n_rows / 4; ++part)
            x[part] = *reinterpret_cast<const Four *>(left + part * 16);
        const Four b = *reinterpret_cast<const Four *>(right);
        for (int r = 0; r < n_rows; ++r)
            for (int c = 0; c < 4; ++c)
                sum[r][c] = fmadd(Real(x[r / 4].v[r % 4]), Real(b.v[c]), sum[r][c]);
    };

    crew.meet(); // all have read what an earlier product left
    fetch(0);
    put_down(0);
    for (int first = 0, half = 0; first < depth; first += slab_depth, half = 1 - half) {
        crew.meet();
        const int next = first + slab_depth;
        if (next <= depth) {
            fetch(next);
            DEEPGEN_UNROLL(slab_depth)
            for (int k = 0; k < slab_depth; ++k)
                multiply(half, k);
            put_down(1 - half);
        } else
            for (int k = 0; k < depth - first; ++k)
                multiply(half, k);
    }

    // Through shared memory, so that neighbours finish entries that stand side by side.
    crew.meet();
    for (int r = 0; r < n_rows; ++r)
        for (int c = 0; c < 4; ++c)
            crew.sums()[(row + r / 4 * 16 + r % 4) * slab_columns + first_column + c] = sum[r][c].v;
    crew.meet();
    for (int entry = rank; entry < rows * slab_columns; entry += block_threads)
        if (entry % slab_columns < columns)
            finish(entry / slab_columns, entry % slab_columns, Real(crew.sums()[entry]));
}

} // namespace deepgen::cuda
