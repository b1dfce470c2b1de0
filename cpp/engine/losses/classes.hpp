// Losses of a softmax over classes, seen from the true class c: the loop and the entry.
//
//   p_j = e_j / sum_k e_k,   e_j = exp(z_j - max z)
//
// Blanchard, Higham & Higham (2021), Accurately computing the log-sum-exp and softmax functions.

#pragma once

#include "engine/losses/rows.hpp"

#include <cmath>

namespace deepgen::loss {

// What a formula may know of a row. 1 - p_c is others / sum: near p_c = 1 the difference itself
// would have no digits left.
struct ClassRow {
    double n_classes;
    double sum;      // of all e_j
    double others;   // of all but e_c
    double log_p;    // log p_c
    double mean_log; // mean of log p_j over all classes
};

// The Hessian of a row, along u u^T + spread (diag p - p p^T): u is 1 at c and -e_j / others
// elsewhere.
struct ClassCurvature {
    double along;
    double spread;
};

// The loss of a row and its derivatives: `own` in z_c, `scale` e_j + `shift` in every other z_j.
struct ClassPoint {
    double value;
    double own;
    double scale;
    double shift;
};

template <class T, class Formula>
class ClassLoss final : public Loss<T> {
  public:
    explicit ClassLoss(const Settings &settings) : formula_(settings) {}

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, [&](Index i, double factor) {
            T *gradient = block.gradient ? block.gradient + i * block.gradient_stride : nullptr;
            const Index own_class = block.classes[i];
            const ClassPoint point = formula_.at(look(block.outputs + i * block.outputs_stride,
                                                      block.n_outputs, own_class, gradient));
            if (gradient) {
                for (Index j = 0; j < block.n_outputs; ++j) {
                    const double e = static_cast<double>(gradient[j]);
                    gradient[j] = static_cast<T>(factor * (point.scale * e + point.shift));
                }
                gradient[own_class] = static_cast<T>(factor * point.own);
            }
            return point.value;
        });
    }

    void curvature(const LossRows<T> &block, const T *tangents,
                   Index tangents_stride) const override {
        write_rows(block, [&](Index i, double factor) {
            T *gradient = block.gradient + i * block.gradient_stride;
            const T *tangent = tangents + i * tangents_stride;
            const Index own_class = block.classes[i];
            const ClassRow row = look(block.outputs + i * block.outputs_stride, block.n_outputs,
                                      own_class, gradient);
            // Of others that have all underflowed none can change anything.
            const double share = row.others > 0.0 ? 1.0 / row.others : 0.0;
            const double own = static_cast<double>(tangent[own_class]);
            double lead = 0.0; // u t, which is also (own - p t) / (1 - p)
            for (Index j = 0; j < block.n_outputs; ++j)
                if (j != own_class)
                    lead += share * static_cast<double>(gradient[j]) *
                            (own - static_cast<double>(tangent[j]));
            const ClassCurvature curvature = formula_.curvature(row);
            const double p = static_cast<double>(gradient[own_class]) / row.sum;
            const double wrong = row.others / row.sum; // 1 - p
            for (Index j = 0; j < block.n_outputs; ++j) {
                const double e = static_cast<double>(gradient[j]);
                const double above =
                    static_cast<double>(tangent[j]) - own + wrong * lead; // t_j - p t
                gradient[j] = static_cast<T>(
                    factor * e *
                    (curvature.spread * above / row.sum - curvature.along * lead * share));
            }
            gradient[own_class] =
                static_cast<T>(factor * lead * (curvature.spread * wrong * p + curvature.along));
        });
    }

    bool is_likelihood() const override { return Formula::is_likelihood; }

    // p - e_c for a class c drawn with the probabilities p.
    void sampled_gradient(const LossRows<T> &block, std::uint64_t key, Index first) const override {
        sample_rows(block, key, first, [&](Index i, double factor, std::uint64_t row_key) {
            T *gradient = block.gradient + i * block.gradient_stride;
            const T *outputs = block.outputs + i * block.outputs_stride;
            const double highest =
                static_cast<double>(*std::max_element(outputs, outputs + block.n_outputs));
            double sum = 0.0;
            for (Index j = 0; j < block.n_outputs; ++j)
                sum += std::exp(static_cast<double>(outputs[j]) - highest);
            double left = sum * random::fraction(row_key, 0);
            Index drawn = block.n_outputs - 1;
            for (Index j = 0; j < block.n_outputs; ++j) {
                const double e = std::exp(static_cast<double>(outputs[j]) - highest);
                if (left >= 0.0 && left < e)
                    drawn = j;
                left -= e;
                gradient[j] = static_cast<T>(factor * e / sum);
            }
            const double own = std::exp(static_cast<double>(outputs[drawn]) - highest) / sum;
            gradient[drawn] = static_cast<T>(factor * (own - 1.0));
        });
    }

    void means(const T *outputs, double *means, Index n_outputs) const override {
        const double highest = static_cast<double>(*std::max_element(outputs, outputs + n_outputs));
        double sum = 0.0;
        for (Index j = 0; j < n_outputs; ++j) {
            const double e = std::exp(static_cast<double>(outputs[j]) - highest);
            sum += e;
            // Rounded before it is divided, which is what the means in T have always been.
            means[j] = static_cast<double>(static_cast<T>(e));
        }
        for (Index j = 0; j < n_outputs; ++j)
            means[j] /= sum;
    }

  private:
    // The row in the formula's words; leaves e_j in `exponentials` unless it is null.
    static ClassRow look(const T *outputs, Index n_outputs, Index own_class, T *exponentials) {
        const double highest = static_cast<double>(*std::max_element(outputs, outputs + n_outputs));
        const double below = static_cast<double>(outputs[own_class]) - highest;
        double others = 0.0;
        double mean_below = 0.0;
        for (Index j = 0; j < n_outputs; ++j) {
            const double exponent = static_cast<double>(outputs[j]) - highest;
            const double e = std::exp(exponent);
            mean_below += exponent / static_cast<double>(n_outputs);
            if (j != own_class)
                others += e;
            if (exponentials)
                exponentials[j] = static_cast<T>(e);
        }
        const double own = std::exp(below);
        const double log_sum = below == 0.0 ? std::log1p(others) : std::log(own + others);
        return {.n_classes = static_cast<double>(n_outputs),
                .sum = own + others,
                .others = others,
                .log_p = below - log_sum,
                .mean_log = mean_below - log_sum};
    }

    Formula formula_;
};

inline Index one_class_a_row(const Settings &, Index) {
    return 1;
}

template <class Formula>
constexpr LossEntry class_loss(std::string_view name, std::span<const Parameter> parameters) {
    return {.name = name,
            .parameters = parameters,
            .targets = Targets::classes,
            .n_targets = one_class_a_row,
            .make_float = make_loss<float, ClassLoss<float, Formula>>,
            .make_double = make_loss<double, ClassLoss<double, Formula>>};
}

} // namespace deepgen::loss
