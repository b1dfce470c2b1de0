// A loss of outputs that each have a target in the engine: the loops over a block, and the entry.

#pragma once

#include "engine/losses/rows.hpp"

namespace deepgen::loss {

// l(z_i, y_i) = sum_j formula.at(z_ij, y_ij), with second derivatives
// formula.second_derivative(z_ij, y_ij) and means formula.mean(z_ij); formula.fisher(z_ij) is the
// Fisher information where there is one.
template <class T, Elementwise Formula>
class ElementwiseLoss final : public Loss<T> {
  public:
    ElementwiseLoss(const Formula &formula, const Kernels<T> &kernels)
        : formula_(formula), kernels_(kernels) {}

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, formula_, kernels_);
    }

    void curvature(const LossRows<T> &block, const T *tangents,
                   Index tangents_stride) const override {
        write_rows(block, [&](Index i, double factor) {
            const T *outputs = block.outputs + i * block.outputs_stride;
            const T *values = block.values + i * block.values_stride;
            const T *tangent = tangents + i * tangents_stride;
            for (Index j = 0; j < block.n_outputs; ++j)
                block.gradient[i * block.gradient_stride + j] =
                    static_cast<T>(factor * static_cast<double>(tangent[j]) *
                                   formula_.second_derivative(static_cast<double>(outputs[j]),
                                                              static_cast<double>(values[j])));
        });
    }

    static constexpr bool has_fisher = requires(const Formula &f) { f.fisher(0.0); };

    bool is_likelihood() const override { return has_fisher; }

    void sampled_gradient(const LossRows<T> &block, std::uint64_t key, Index first) const override {
        if constexpr (has_fisher)
            sample_rows(block, key, first, [&](Index i, double factor, std::uint64_t row_key) {
                const T *outputs = block.outputs + i * block.outputs_stride;
                for (Index j = 0; j < block.n_outputs; ++j)
                    block.gradient[i * block.gradient_stride + j] = static_cast<T>(
                        factor *
                        either_root(formula_.fisher(static_cast<double>(outputs[j])), row_key, j));
            });
    }

    void means(Rows<const T> outputs, double *means) const override {
        SideBySide<Formula, T> powers(outputs, kernels_);
        for (Index i = 0; i < outputs.rows; ++i)
            for (Index j = 0; j < outputs.width; ++j, ++means) {
                const double z = static_cast<double>(outputs.data[i * outputs.stride + j]);
                if constexpr (WithExponential<Formula>)
                    *means = formula_.mean(z, powers.of_row(i)(j).value);
                else
                    *means = formula_.mean(z);
            }
    }

  private:
    Formula formula_;
    const Kernels<T> &kernels_;
};

template <class T, class Formula>
std::unique_ptr<Loss<T>> make_elementwise(const Settings &settings, const Kernels<T> &kernels) {
    return std::make_unique<ElementwiseLoss<T, Formula>>(Formula(Formula::constants(settings)),
                                                         kernels);
}

inline Index as_many_targets_as_outputs(const Settings &, Index n_outputs) {
    return n_outputs;
}

template <Elementwise Formula>
constexpr LossEntry entry_of(std::string_view name) {
    return {.name = name,
            .parameters = Formula::parameters,
            .targets = Targets::values,
            .n_targets = as_many_targets_as_outputs,
            .constants = Formula::constants,
            .make_float = make_elementwise<float, Formula>,
            .make_double = make_elementwise<double, Formula>};
}

} // namespace deepgen::loss
