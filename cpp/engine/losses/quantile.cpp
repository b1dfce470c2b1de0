// Pinball loss: a conditional quantile, or several that cannot cross.
//
//   l(m, y) = max(q (y - m), (q - 1) (y - m)),   l' = -q if m < y, 1 - q if m > y, 0 at m = y, l''
//   = 0
//
// One q: m = z, each output with a target of its own. Several: one target, and l summed over
//   m_0 = z_0,   m_j = m_(j-1) + log(1 + e^(z_j))
// whose curvature is that of the rises alone: diagonal, sum_(k >= j) l'_k s (1 - s), s = sigmoid
// z_j.
//
// Likelihood: asymmetric Laplace's, of which E[l'^2] = q (1 - q); several as if each had a target
// of its own.
//
// Koenker & Bassett (1978), Regression quantiles.

#include "engine/losses/links.hpp"
#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

#include <functional>

namespace deepgen::loss {
namespace {

constexpr Parameter parameters[] = {
    {.name = "quantile",
     .value = 0.5,
     .low = 0.0,
     .high = 1.0,
     .open_low = true,
     .open_high = true,
     .many = true},
};

std::vector<double> checked(const std::vector<double> &quantiles) {
    require(std::ranges::adjacent_find(quantiles, std::greater_equal{}) == quantiles.end(),
            "quantile: several quantiles must be given in ascending order, without repeats");
    return quantiles;
}

Point pinball(double mean, double y, double q) {
    const double r = y - mean;
    if (r > 0.0)
        return {.value = q * r, .derivative = -q};
    return {.value = (q - 1.0) * r, .derivative = r < 0.0 ? 1.0 - q : 0.0};
}

class Pinball {
  public:
    explicit Pinball(const Settings &settings)
        : quantile_(checked(settings.values("quantile"))[0]) {}

    Point at(double z, double y) const { return pinball(z, y, quantile_); }
    double second_derivative(double, double) const { return 0.0; }
    double fisher(double) const { return quantile_ * (1.0 - quantile_); }
    double mean(double z) const { return z; }

  private:
    double quantile_;
};

template <class T>
class ManyQuantiles final : public Loss<T> {
  public:
    explicit ManyQuantiles(const Settings &settings)
        : quantiles_(checked(settings.values("quantile"))) {}

    double value_and_gradient(const LossRows<T> &block) const override {
        return sum_rows(block, [&](Index i, double factor) {
            const T *outputs = block.outputs + i * block.outputs_stride;
            const double y = static_cast<double>(block.values[i * block.values_stride]);
            T *gradient = block.gradient ? block.gradient + i * block.gradient_stride : nullptr;
            double mean = 0.0;
            double sum = 0.0;
            for (Index j = 0; j < block.n_outputs; ++j) {
                mean += rise(outputs, j);
                const Point point = pinball(mean, y, quantiles_[as_size(j)]);
                sum += point.value;
                if (gradient)
                    gradient[j] = static_cast<T>(point.derivative);
            }
            if (gradient)
                pull_back(gradient, block.n_outputs, [&](Index j) {
                    return factor * (j == 0 ? 1.0 : sigmoid(static_cast<double>(outputs[j])));
                });
            return sum;
        });
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
                gradient[j] = static_cast<T>(pinball(mean, y, quantiles_[as_size(j)]).derivative);
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
                const double q = quantiles_[as_size(j)];
                gradient[j] = static_cast<T>(either_root(q * (1.0 - q), row_key, j));
            }
            pull_back(gradient, block.n_outputs, [&](Index j) {
                return factor * (j == 0 ? 1.0 : sigmoid(static_cast<double>(outputs[j])));
            });
        });
    }

    void means(const T *outputs, double *means, Index n_outputs) const override {
        double mean = 0.0;
        for (Index j = 0; j < n_outputs; ++j) {
            mean += rise(outputs, j);
            means[j] = mean;
        }
    }

  private:
    // m_j - m_(j-1)
    static double rise(const T *outputs, Index j) {
        const double z = static_cast<double>(outputs[j]);
        return j == 0 ? z : softplus(z);
    }

    // gradient_j <- factor(j) sum_(k >= j) gradient_k: z_j enters m_j and all quantiles above it.
    template <class Factor>
    static void pull_back(T *gradient, Index n_outputs, Factor factor) {
        double above = 0.0;
        for (Index j = n_outputs - 1; j >= 0; --j) {
            above += static_cast<double>(gradient[j]);
            gradient[j] = static_cast<T>(factor(j) * above);
        }
    }

    std::vector<double> quantiles_;
};

bool is_one(const Settings &settings) {
    return settings.values("quantile").size() == 1;
}

Index n_targets(const Settings &settings, Index n_outputs) {
    const std::size_t n_quantiles = settings.values("quantile").size();
    if (is_one(settings))
        return n_outputs;
    require(as_size(n_outputs) == n_quantiles, "quantile: ", n_quantiles, " quantiles need ",
            n_quantiles, " outputs, got ", n_outputs);
    return 1;
}

template <class T>
std::unique_ptr<Loss<T>> make(const Settings &settings) {
    if (is_one(settings))
        return std::make_unique<ElementwiseLoss<T, Pinball>>(settings);
    return std::make_unique<ManyQuantiles<T>>(settings);
}

} // namespace

constinit const LossEntry quantile{.name = "quantile",
                                   .parameters = parameters,
                                   .targets = Targets::values,
                                   .n_targets = n_targets,
                                   .make_float = make<float>,
                                   .make_double = make<double>};

} // namespace deepgen::loss
