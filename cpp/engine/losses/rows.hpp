// The parts that losses share: the loop over rows and outputs, and the entry in the catalog.
//
// Formulas are in double whatever the network's scalar: a row costs a few calls of the mathematical
// library beside thousands of products, and a value summed in float32 would hide slow progress.

#pragma once

#include "engine/core/random.hpp"
#include "engine/losses/loss.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen::loss {

// sum_i w_i l_i with l_i = row(i, factor), factor = scale w_i being what the row's gradient is
// multiplied by. A row of weight 0 adds nothing and gets a zero gradient, whatever its outputs. An
// output that is not finite makes the sum so, even where the formula has a finite limit, or a
// diverged run would go unnoticed.
template <class T, class Row>
double sum_rows(const LossRows<T> &block, Row row) {
    double total = 0.0;
    for (Index i = 0; i < block.rows; ++i) {
        const double weight = block.weights ? static_cast<double>(block.weights[i]) : 1.0;
        if (weight == 0.0) {
            if (block.gradient)
                std::fill_n(block.gradient + i * block.gradient_stride, block.n_outputs, T(0));
            continue;
        }
        const T *outputs = block.outputs + i * block.outputs_stride;
        double nothing = 0.0; // or NaN
        for (Index j = 0; j < block.n_outputs; ++j)
            nothing += static_cast<double>(outputs[j] - outputs[j]);
        total += weight * (row(i, block.scale * weight) + nothing);
    }
    return total;
}

// The same for what only has to be written: row(i, factor) fills the row's gradient.
template <class T, class Row>
void write_rows(const LossRows<T> &block, Row row) {
    for (Index i = 0; i < block.rows; ++i) {
        const double weight = block.weights ? static_cast<double>(block.weights[i]) : 1.0;
        if (weight == 0.0)
            std::fill_n(block.gradient + i * block.gradient_stride, block.n_outputs, T(0));
        else
            row(i, block.scale * weight);
    }
}

// A loss of one output, and its derivative in z.
struct Point {
    double value;
    double derivative;
};

// The root of h with a sign that is either of the two with equal chances.
inline double either_root(double h, std::uint64_t key, Index j) {
    const double root = std::sqrt(h);
    return random::value(key, static_cast<std::uint64_t>(j)) >> 63 ? root : -root;
}

// Writes the sampled gradient of each row: row(i, factor, key) with factor = sqrt(scale w_i).
template <class T, class Row>
void sample_rows(const LossRows<T> &block, std::uint64_t key, Index first, Row row) {
    write_rows(block, [&](Index i, double factor) {
        row(i, std::sqrt(factor), random::child(key, static_cast<std::uint64_t>(first + i)));
    });
}

// l(z_i, y_i) = sum_j formula.at(z_ij, y_ij), with second derivatives
// formula.second_derivative(z_ij, y_ij) and means formula.mean(z_ij); formula.fisher(z_ij) is the
// Fisher information where there is one.
template <class T, class Formula>
class ElementwiseLoss final : public Loss<T> {
  public:
    explicit ElementwiseLoss(const Settings &settings) : formula_(settings) {}

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, [&](Index i, double factor) {
            const T *outputs = block.outputs + i * block.outputs_stride;
            const T *values = block.values + i * block.values_stride;
            double sum = 0.0;
            for (Index j = 0; j < block.n_outputs; ++j) {
                const Point point =
                    formula_.at(static_cast<double>(outputs[j]), static_cast<double>(values[j]));
                sum += point.value;
                if (block.gradient)
                    block.gradient[i * block.gradient_stride + j] =
                        static_cast<T>(factor * point.derivative);
            }
            return sum;
        });
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

    void means(const T *outputs, double *means, Index n_outputs) const override {
        for (Index j = 0; j < n_outputs; ++j)
            means[j] = formula_.mean(static_cast<double>(outputs[j]));
    }

  private:
    Formula formula_;
};

template <class T, class Member>
std::unique_ptr<Loss<T>> make_loss(const Settings &settings) {
    return std::make_unique<Member>(settings);
}

inline Index as_many_targets_as_outputs(const Settings &, Index n_outputs) {
    return n_outputs;
}

template <class Formula>
constexpr LossEntry elementwise(std::string_view name, std::span<const Parameter> parameters) {
    return {.name = name,
            .parameters = parameters,
            .targets = Targets::values,
            .n_targets = as_many_targets_as_outputs,
            .make_float = make_loss<float, ElementwiseLoss<float, Formula>>,
            .make_double = make_loss<double, ElementwiseLoss<double, Formula>>};
}

} // namespace deepgen::loss
