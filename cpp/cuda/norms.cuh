// Layer norm and batch norm of rows, with the sums in the CPU's order.
//
// Statistics of a batch are made in two halves: sums of row blocks by whoever has the rows, and
// their join by columns (join_*) once all are there.

#pragma once

#include "cuda/batch.cuh"
#include "cuda/products.cuh"

namespace deepgen::cuda {

// The sum of f(j) over a row, by half a warp: 16 chains, added in halves.
template <class Function>
__device__ Real row_sum(int width, int lane, Function f) {
    Real sum(0.0F);
    for (int j = lane; j < width; j += lanes)
        sum += f(j);
    for (int half = lanes / 2; half > 0; half /= 2)
        sum += Real(__shfl_xor_sync(whole_warp, sum.v, half));
    return sum;
}

// 1 / std of a row whose squares overflow: they are taken of the values over the largest one.
__device__ inline Real inverse_std_of_large(const float *row, int width, Real mean) {
    Real largest(0.0F), sum(0.0F);
    for (int j = 0; j < width; ++j) {
        const Real apart = abs(Real(row[j]) - mean);
        largest = select(largest < apart, apart, largest);
    }
    for (int j = 0; j < width; ++j) {
        const Real ratio = (Real(row[j]) - mean) / largest;
        sum += ratio * ratio;
    }
    return Real(1.0F) / sqrt(sum / Real(static_cast<float>(width))) / largest;
}

// scale x + shift, and ReLU where it is the norm's to do.
__device__ inline Real scaled(const Batch &batch, const Layer &layer, int j, Real standard) {
    const float *const weights = batch.memory.weights;
    const Real least(layer.relu_in_normalization ? 0.0F : -INFINITY);
    return max(least, fmadd(standard, Real(weights[layer.scale + j]),
                            Real(weights[layer.shift + j]))); // in this order NaN passes
}

// Calls work(row, lane) for each row, by half a warp; rows past the end are taken again.
template <class Work>
__device__ void share_rows(Crew &crew, Rows rows, Work work) {
    crew.share((rows.n() + 1) / 2, [&](int pair) {
        const int i = 2 * pair + crew.lane() / lanes;
        work(rows.begin + min(i, rows.n() - 1), crew.lane() % lanes, i < rows.n());
    });
}

// take(row, j, y) gets each entry.
template <class Take>
__device__ void standardize_rows(Crew &crew, const Batch &batch, const Layer &layer, Rows rows,
                                 Take take) {
    const Real width(static_cast<float>(layer.width));
    share_rows(crew, rows, [&](int row, int lane, bool is_own) {
        float *const x = batch.at(layer.standardized, layer.stride, row);
        const Real mean = row_sum(layer.width, lane, [&](int j) { return Real(x[j]); }) / width;
        const Real squares = row_sum(layer.width, lane, [&](int j) {
            const Real apart = Real(x[j]) - mean;
            return apart * apart;
        });
        Real root = Real(1.0F) / sqrt(squares / width + Real(static_cast<float>(layer.epsilon)));
        if (root.v == 0.0F)
            root = inverse_std_of_large(x, layer.width, mean);
        __syncwarp(); // all have read the row
        if (!is_own)
            return;
        if (lane == 0)
            batch.memory.batch[layer.inverse_std + row] = root.v;
        for (int j = lane; j < layer.width; j += lanes) {
            const Real standard = (Real(x[j]) - mean) * root;
            x[j] = standard.v;
            take(row, j, scaled(batch, layer, j, standard));
        }
    });
    crew.meet();
}

__device__ inline void unstandardize_rows(Crew &crew, const Batch &batch, const Layer &layer,
                                          Rows rows) {
    const Real width(static_cast<float>(layer.width));
    const float *const scale = batch.memory.weights + layer.scale;
    share_rows(crew, rows, [&](int row, int lane, bool is_own) {
        float *const dy = batch.at(layer.gradients, layer.stride, row);
        const float *const x = batch.at(layer.standardized, layer.stride, row);
        const auto q = [&](int j) { return Real(dy[j]) * Real(scale[j]); };
        const Real mean = row_sum(layer.width, lane, q) / width;
        const Real mean_product =
            row_sum(layer.width, lane, [&](int j) { return q(j) * Real(x[j]); }) / width;
        __syncwarp();
        if (!is_own)
            return;
        const Real root(batch.memory.batch[layer.inverse_std + row]);
        for (int j = lane; j < layer.width; j += lanes)
            dy[j] = (root * fmadd(-Real(x[j]), mean_product, q(j) - mean)).v;
    });
    crew.meet();
}

// Where the sums of a row block and column stand.
__device__ inline double *block_sums(const Batch &batch, int place, const Layer &layer, int block) {
    return batch.memory.sums + place + static_cast<std::int64_t>(block) * layer.stride;
}

// Calls work(first row, rows, j) for each row block and column.
template <class Work>
__device__ void share_row_blocks(Crew &crew, const Layer &layer, Rows rows, Work work) {
    crew.share_entries((rows.n() + row_block - 1) / row_block, layer.width, [&](int block, int j) {
        const int first = rows.begin + block * row_block;
        work(first, min(row_block, rows.end - first), j);
    });
    crew.meet();
}

// Of z: sum and sum of squared distances from the block's mean.
__device__ inline void block_moments(Crew &crew, const Batch &batch, const Layer &layer,
                                     Rows rows) {
    share_row_blocks(crew, layer, rows, [&](int first, int n, int j) {
        const auto x = [&](int i) {
            return Real(batch.at(layer.standardized, layer.stride, first + i)[j]);
        };
        const double count = n;
        const Real base = x(0), share(static_cast<float>(1.0 / count));
        Real sum(0.0F), squares(0.0F);
        for (int i = 0; i < n; ++i)
            sum += x(i) - base;
        const Real mean = sum * share;
        for (int i = 0; i < n; ++i) {
            const Real apart = x(i) - base - mean;
            squares = fmadd(apart, apart, squares);
        }
        const int block = first / row_block;
        block_sums(batch, layer.sums, layer, block)[j] =
            static_cast<double>(sum.v) + count * static_cast<double>(base.v);
        block_sums(batch, layer.squares, layer, block)[j] = static_cast<double>(squares.v);
    });
}

// Of dy, and of dy x.
__device__ inline void block_gradient_sums(Crew &crew, const Batch &batch, const Layer &layer,
                                           Rows rows) {
    share_row_blocks(crew, layer, rows, [&](int first, int n, int j) {
        Real sum(0.0F), product(0.0F);
        for (int i = first; i < first + n; ++i) {
            const Real gradient(batch.at(layer.gradients, layer.stride, i)[j]);
            sum += gradient;
            product =
                fmadd(gradient, Real(batch.at(layer.standardized, layer.stride, i)[j]), product);
        }
        const int block = first / row_block;
        block_sums(batch, layer.sums, layer, block)[j] = static_cast<double>(sum.v);
        block_sums(batch, layer.squares, layer, block)[j] = static_cast<double>(product.v);
    });
}

__device__ inline int n_row_blocks(const Batch &batch) {
    return (batch.n_rows + row_block - 1) / row_block;
}

// Over all rows, blocks in order.
__device__ inline double column_total(const Batch &batch, int place, const Layer &layer, int j) {
    double total = 0.0;
    DEEPGEN_UNROLL(16)
    for (int block = 0; block < n_row_blocks(batch); ++block)
        total += block_sums(batch, place, layer, block)[j];
    return total;
}

// What batch norm keeps of a batch's columns, each of them `stride` numbers.
enum ColumnVector { column_mean, column_root, column_factor, column_gradient, column_product };
__device__ inline float &column(const Batch &batch, const Layer &layer, ColumnVector which, int j) {
    return batch.memory.batch[layer.inverse_std + which * layer.stride + j];
}

// Chan, Golub & LeVeque (1979): squares about the common mean from squares about each block's own.
__device__ inline void join_moments(Crew &crew, const Batch &batch, const Layer &layer,
                                    Range columns) {
    const double n = batch.n_rows, share_of_all = 1.0 / n;
    float *const running = batch.memory.running + layer.running;
    const auto move = [&](float &to, double from) {
        const double kept = 1.0 - layer.momentum;
        to = static_cast<float>(kept * static_cast<double>(to) + from);
    };
    crew.share_entries(1, columns.n(), [&](int, int in_range) {
        const int j = columns.begin + in_range;
        const double mean = column_total(batch, layer.sums, layer, j) * share_of_all;
        double variance = 0.0;
        DEEPGEN_UNROLL(16)
        for (int block = 0; block < n_row_blocks(batch); ++block) {
            const double count = min(row_block, batch.n_rows - block * row_block);
            const double share = 1.0 / count;
            const double apart = block_sums(batch, layer.sums, layer, block)[j] * share - mean;
            variance += block_sums(batch, layer.squares, layer, block)[j] + count * apart * apart;
        }
        variance *= share_of_all;
        column(batch, layer, column_mean, j) = static_cast<float>(mean);
        column(batch, layer, column_root, j) =
            (Real(1.0F) / sqrt(Real(static_cast<float>(variance + layer.epsilon)))).v;
        if (!batch.moves_running)
            return;
        move(running[j], layer.momentum * 1.0 * mean);
        move(running[layer.stride + j], layer.momentum * (n / (n - 1.0)) * variance);
    });
    crew.meet();
}

// As at prediction: by the running statistics.
__device__ inline void freeze_moments(Crew &crew, const Batch &batch, const Layer &layer) {
    const float *const running = batch.memory.running + layer.running;
    crew.share_entries(1, layer.width, [&](int, int j) {
        const double variance = static_cast<double>(running[layer.stride + j]);
        column(batch, layer, column_mean, j) = running[j];
        column(batch, layer, column_root, j) =
            static_cast<float>(1.0 / sqrt(variance + layer.epsilon));
    });
    crew.meet();
}

__device__ inline void join_gradient_sums(Crew &crew, const Batch &batch, const Layer &layer,
                                          Range columns) {
    const double share = 1.0 / static_cast<double>(batch.n_rows);
    const float *const scale = batch.memory.weights + layer.scale;
    crew.share_entries(1, columns.n(), [&](int, int in_range) {
        const int j = columns.begin + in_range;
        column(batch, layer, column_factor, j) =
            (Real(scale[j]) * Real(column(batch, layer, column_root, j))).v;
        column(batch, layer, column_gradient, j) =
            static_cast<float>(column_total(batch, layer.sums, layer, j) * share);
        column(batch, layer, column_product, j) =
            static_cast<float>(column_total(batch, layer.squares, layer, j) * share);
    });
    crew.meet();
}

template <class Take>
__device__ void standardize_columns(Crew &crew, const Batch &batch, const Layer &layer, Rows rows,
                                    Take take) {
    crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
        float &x = batch.at(layer.standardized, layer.stride, rows.begin + i)[j];
        const Real standard = (Real(x) - Real(column(batch, layer, column_mean, j))) *
                              Real(column(batch, layer, column_root, j));
        x = standard.v;
        take(rows.begin + i, j, scaled(batch, layer, j, standard));
    });
    crew.meet();
}

__device__ inline void unstandardize_columns(Crew &crew, const Batch &batch, const Layer &layer,
                                             Rows rows) {
    crew.share_entries(rows.n(), layer.width, [&](int i, int j) {
        float &dy = batch.at(layer.gradients, layer.stride, rows.begin + i)[j];
        const Real x(batch.at(layer.standardized, layer.stride, rows.begin + i)[j]);
        dy = (Real(column(batch, layer, column_factor, j)) *
              fmadd(-x, Real(column(batch, layer, column_product, j)),
                    Real(dy) - Real(column(batch, layer, column_gradient, j))))
                 .v;
    });
    crew.meet();
}

// The gradient of scale and shift.
__device__ inline void scale_gradient(Crew &crew, const Batch &batch, const Layer &layer) {
    float *const to = batch.memory.gradient;
    crew.share_entries(1, layer.width, [&](int, int j) {
        to[layer.scale + j] = static_cast<float>(column_total(batch, layer.squares, layer, j));
        to[layer.shift + j] = static_cast<float>(column_total(batch, layer.sums, layer, j));
    });
}

} // namespace deepgen::cuda
