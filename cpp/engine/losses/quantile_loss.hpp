// The pinball loss in the engine: the loops over a block for several quantiles, and the entry.

#pragma once

#include "engine/losses/elementwise_loss.hpp"
#include "engine/losses/quantile.hpp"

namespace deepgen::loss {

template <class T>
class ManyQuantiles final : public Loss<T> {
  public:
    ManyQuantiles(std::vector<double> quantiles, const Kernels<T> &kernels)
        : kernels_(kernels), quantiles_(std::move(quantiles)), formula_(quantiles_) {}

    ManyQuantiles(const ManyQuantiles &) = delete;
    ManyQuantiles &operator=(const ManyQuantiles &) = delete;

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, formula_, kernels_);
    }

    void curvature(const LossRows<T> &block, const T *tangents,
                   Index tangents_stride) const override {
        write_rows(block, [&](Index i, double factor) {
            const T *outputs = block.outputs + i * block.outputs_stride;
            const double y = static_cast<double>(block.values[i * block.values_stride]);
            T *gradient = block.gradient + i * block.gradient_stride;
            double mean = 0.0;
            for (Index j = 0; j < block.n_outputs; ++j) {
                mean += rise(outputs, j);
                gradient[j] = static_cast<T>(formula_.pinball(j).at(mean, y).derivative);
            }
            pull_back(gradient, block.n_outputs, [&](Index j) {
                const double z = static_cast<double>(outputs[j]);
                const double tangent = static_cast<double>(tangents[i * tangents_stride + j]);
                return j == 0 ? 0.0 : factor * tangent * sigmoid(z) * sigmoid(-z);
            });
        });
    }

    bool is_likelihood() const override { return true; }

    void sampled_gradient(const LossRows<T> &block, std::uint64_t key, Index first) const override {
        sample_rows(block, key, first, [&](Index i, double factor, std::uint64_t row_key) {
            const T *outputs = block.outputs + i * block.outputs_stride;
            T *gradient = block.gradient + i * block.gradient_stride;
            for (Index j = 0; j < block.n_outputs; ++j) {
                const double fisher = formula_.pinball(j).fisher(static_cast<double>(outputs[j]));
                gradient[j] = static_cast<T>(either_root(fisher, row_key, j));
            }
            pull_back(gradient, block.n_outputs, Slope<T>{.factor = factor, .outputs = outputs});
        });
    }

    void means(Rows<const T> outputs, double *means) const override {
        for (Index i = 0; i < outputs.rows; ++i) {
            double mean = 0.0;
            for (Index j = 0; j < outputs.width; ++j, ++means) {
                mean += rise(outputs.data + i * outputs.stride, j);
                *means = mean;
            }
        }
    }

  private:
    const Kernels<T> &kernels_;
    std::vector<double> quantiles_;
    Quantile formula_;
};

inline bool is_one(const Settings &settings) {
    return settings.values("quantile").size() == 1;
}

inline Index n_targets_of_quantiles(const Settings &settings, Index n_outputs) {
    const std::size_t n_quantiles = settings.values("quantile").size();
    if (is_one(settings))
        return n_outputs;
    require(as_size(n_outputs) == n_quantiles, "quantile: ", n_quantiles, " quantiles need ",
            n_quantiles, " outputs, got ", n_outputs);
    return 1;
}

template <class T>
std::unique_ptr<Loss<T>> make_quantile(const Settings &settings, const Kernels<T> &kernels) {
    std::vector<double> quantiles = Quantile::constants(settings);
    if (quantiles.size() == 1)
        return std::make_unique<ElementwiseLoss<T, Pinball>>(Pinball(quantiles[0]), kernels);
    return std::make_unique<ManyQuantiles<T>>(std::move(quantiles), kernels);
}

template <std::same_as<Quantile> Formula>
constexpr LossEntry entry_of(std::string_view name) {
    return {.name = name,
            .parameters = Formula::parameters,
            .targets = Targets::values,
            .n_targets = n_targets_of_quantiles,
            .constants = Formula::constants,
            .make_float = make_quantile<float>,
            .make_double = make_quantile<double>};
}

} // namespace deepgen::loss
