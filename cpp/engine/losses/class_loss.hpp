// A loss of a softmax over classes in the engine: the loops over a block, and the entry.

#pragma once

#include "engine/losses/class_row.hpp"
#include "engine/losses/rows.hpp"

namespace deepgen::loss {

template <class T, OfClasses Formula>
class ClassLoss final : public Loss<T> {
  public:
    ClassLoss(const Formula &formula, const Kernels<T> &kernels)
        : formula_(formula), kernels_(kernels) {}

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, formula_, kernels_);
    }

    void curvature(const LossRows<T> &block, const T *tangents,
                   Index tangents_stride) const override {
        SideBySide<Formula, T> powers(outputs_of(block), kernels_);
        write_rows(block, [&](Index i, double factor) {
            T *gradient = block.gradient + i * block.gradient_stride;
            const T *tangent = tangents + i * tangents_stride;
            const Index own_class = block.classes[i];
            const ClassRow row = class_row(block.n_outputs, own_class, gradient, powers.of_row(i));
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
            const double highest = highest_output(outputs, block.n_outputs);
            double sum = 0.0;
            for (Index j = 0; j < block.n_outputs; ++j)
                sum += exp(static_cast<double>(outputs[j]) - highest);
            double left = sum * random::fraction(row_key, 0);
            Index drawn = block.n_outputs - 1;
            for (Index j = 0; j < block.n_outputs; ++j) {
                const double e = exp(static_cast<double>(outputs[j]) - highest);
                if (left >= 0.0 && left < e)
                    drawn = j;
                left -= e;
                gradient[j] = static_cast<T>(factor * e / sum);
            }
            const double own = exp(static_cast<double>(outputs[drawn]) - highest) / sum;
            gradient[drawn] = static_cast<T>(factor * (own - 1.0));
        });
    }

    void means(Rows<const T> outputs, double *means) const override {
        SideBySide<Formula, T> powers(outputs, kernels_);
        for (Index i = 0; i < outputs.rows; ++i, means += outputs.width) {
            const auto of_row = powers.of_row(i);
            double sum = 0.0;
            for (Index j = 0; j < outputs.width; ++j) {
                const double e = of_row(j).value;
                sum += e;
                // Rounded before it is divided, which is what the means in T have always been.
                means[j] = static_cast<double>(static_cast<T>(e));
            }
            for (Index j = 0; j < outputs.width; ++j)
                means[j] /= sum;
        }
    }

  private:
    Formula formula_;
    const Kernels<T> &kernels_;
};

template <class T, class Formula>
std::unique_ptr<Loss<T>> make_class_loss(const Settings &settings, const Kernels<T> &kernels) {
    return std::make_unique<ClassLoss<T, Formula>>(Formula(Formula::constants(settings)), kernels);
}

inline Index one_class_a_row(const Settings &, Index) {
    return 1;
}

template <OfClasses Formula>
constexpr LossEntry entry_of(std::string_view name) {
    return {.name = name,
            .parameters = Formula::parameters,
            .targets = Targets::classes,
            .n_targets = one_class_a_row,
            .constants = Formula::constants,
            .make_float = make_class_loss<float, Formula>,
            .make_double = make_class_loss<double, Formula>};
}

} // namespace deepgen::loss
