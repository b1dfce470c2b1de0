// Batch norm: each unit standardized over the batch, then scaled and shifted.
//
//   y = scale x + shift,   x = (z - mean) / std,   std = sqrt(variance + epsilon)
//   dz = scale / std (dy - mean(dy) - x mean(dy x))
//   frozen: mean and std are constants, R x = R z / std, R dz = (scale R dy + dy R scale) / std
//   running <- (1 - momentum) running + momentum batch
//
// Means are over the batch. Its variance is biased in std, unbiased (n / (n - 1)) in running.
//
// Ioffe & Szegedy (2015), Batch normalization, algorithm 1; running statistics as PyTorch's.
// Variances of row blocks are joined about their own means, so a large mean does no harm.

#include "engine/normalizations/members.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::normalization {
namespace {

constexpr Parameter parameters[] = {
    {.name = "momentum", .value = 0.1, .low = 0.0, .high = 1.0},
    {.name = "epsilon", .value = 1e-5, .low = 0.0, .high = infinity, .open_low = true},
};

template <class T>
class Batch final : public Normalization<T> {
  public:
    Batch(const Settings &settings, const Kernels<T> &kernels)
        : momentum_(settings["momentum"]), epsilon_(settings["epsilon"]), kernels_(kernels) {}

    void forward(const Team &team, const NormalizationCall<T> &call,
                 NormalizationMemory<T> &memory) const override {
        for (Index row = call.rows.begin; row < call.rows.end; row += row_block) {
            const Index at = row / row_block * memory.stride;
            kernels_.norms.moments({std::min(row_block, call.rows.end - row), memory.width,
                                    memory.standardized.data() + row * memory.stride,
                                    memory.stride},
                                   memory.sums.data() + at, memory.squares.data() + at);
        }
        team.wait();
        T *const mean = memory.vector(team.rank, 0);
        T *const inverse_std = memory.vector(team.rank, 1);
        double *const centres = memory.total(team.rank, 0);
        double *const variances = memory.total(team.rank, 1);
        kernels_.norms.join_moments(memory.blocks(memory.sums, call.n_rows), memory.squares.data(),
                                    centres, variances);
        std::copy_n(centres, memory.width, mean);
        kernels_.norms.inverse_roots(memory.width, variances, epsilon_, inverse_std);
        if (team.rank == 0 && call.running_mean) {
            const double n = static_cast<double>(call.n_rows);
            move(call.running_mean, centres, 1.0, memory.width);
            move(call.running_variance, variances, n / (n - 1.0), memory.width);
        }
        kernels_.norms.standardize_columns(call.own(memory.standardized.data(), memory.stride),
                                           mean, inverse_std, call.scale, call.shift, call.least,
                                           call.y + call.rows.begin * call.y_stride, call.y_stride);
    }

    void backward(const Team &team, const NormalizationCall<T> &call,
                  NormalizationMemory<T> &memory) const override {
        block_gradient_sums(kernels_, call, memory);
        team.wait();
        double *const gradients = memory.total(team.rank, 0);
        double *const products = memory.total(team.rank, 1);
        kernels_.norms.column_totals(memory.blocks(memory.gradients, call.n_rows), gradients);
        kernels_.norms.column_totals(memory.blocks(memory.products, call.n_rows), products);
        // The mean and 1 / std are used up here: their places hold scale / std and the mean
        // gradient.
        T *const factor = memory.vector(team.rank, 0);
        T *const inverse_std_then_gradient = memory.vector(team.rank, 1);
        T *const mean_products = memory.vector(team.rank, 2);
        const double share = 1.0 / static_cast<double>(call.n_rows);
        for (Index j = 0; j < memory.width; ++j) {
            factor[j] = call.scale[j] * inverse_std_then_gradient[j];
            inverse_std_then_gradient[j] = static_cast<T>(gradients[j] * share);
            mean_products[j] = static_cast<T>(products[j] * share);
        }
        kernels_.norms.unstandardize_columns(
            call.own(call.y, call.y_stride),
            memory.standardized.data() + call.rows.begin * memory.stride, memory.stride, factor,
            inverse_std_then_gradient, mean_products);
    }

    void frozen_forward(const Team &team, const NormalizationCall<T> &call,
                        NormalizationMemory<T> &memory) const override {
        T *const mean = memory.vector(team.rank, 0);
        T *const inverse_std = memory.vector(team.rank, 1);
        std::copy_n(call.running_mean, memory.width, mean);
        for (Index j = 0; j < memory.width; ++j)
            inverse_std[j] = static_cast<T>(
                1.0 / std::sqrt(static_cast<double>(call.running_variance[j]) + epsilon_));
        kernels_.norms.standardize_columns(call.own(memory.standardized.data(), memory.stride),
                                           mean, inverse_std, call.scale, call.shift, call.least,
                                           call.y + call.rows.begin * call.y_stride, call.y_stride);
    }

    void frozen_backward(const Team &team, const NormalizationCall<T> &call,
                         NormalizationMemory<T> &memory) const override {
        block_gradient_sums(kernels_, call, memory);
        T *const factor = memory.vector(team.rank, 0), *const zero = memory.vector(team.rank, 2);
        const T *const inverse_std = memory.vector(team.rank, 1);
        for (Index j = 0; j < memory.width; ++j)
            factor[j] = call.scale[j] * inverse_std[j];
        std::fill_n(zero, memory.stride, T(0));
        kernels_.norms.unstandardize_columns(call.own(call.y, call.y_stride),
                                             memory.standardized.data() +
                                                 call.rows.begin * memory.stride,
                                             memory.stride, factor, zero, zero);
    }

    void tangent_forward(const Team &team, const NormalizationTangent<T> &call,
                         const NormalizationMemory<T> &memory,
                         NormalizationMemory<T> &tangent) const override {
        kernels_.tangents.multiply_columns(call.own(tangent.standardized.data(), tangent.stride),
                                           memory.vector(team.rank, 1));
        tangent_scale(kernels_, call, memory, tangent);
    }

    void tangent_backward(const Team &team, const NormalizationTangent<T> &call,
                          const NormalizationMemory<T> &memory,
                          NormalizationMemory<T> &tangent) const override {
        tangent_unscale(kernels_, team, call, memory, tangent);
        kernels_.tangents.multiply_columns(call.own(call.y, call.y_stride),
                                           memory.vector(team.rank, 1));
    }

  private:
    void move(T *running, const double *batch, double factor, Index width) const {
        const double kept = 1.0 - momentum_, taken = momentum_ * factor;
        for (Index j = 0; j < width; ++j)
            running[j] = static_cast<T>(kept * static_cast<double>(running[j]) + taken * batch[j]);
    }

    double momentum_, epsilon_;
    const Kernels<T> &kernels_;
};

} // namespace

constinit const NormalizationEntry batch{
    .name = "batch",
    .parameters = parameters,
    .scales = true,
    .replaces_bias = true,
    .keeps_statistics = true,
    .make_float = make_normalization<float, Batch>,
    .make_double = make_normalization<double, Batch>,
};

} // namespace deepgen::normalization
