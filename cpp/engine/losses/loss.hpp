// What the network asks of a loss: value, gradient and curvature over a block of rows, and the
// means (the inverse link).
//
//   L = sum_i w_i l(z_i, y_i) / sum_i w_i,   l summed over the outputs of a row
//
// The block's share of the upper sum comes back in double; the gradient is written as
// scale * w_i * dl/dz_i with scale = 1 / sum_i w_i, and so is the Hessian's product with a tangent,
// scale * w_i * (d2l/dz_i2) t_i. A kink counts as no curvature.
//
// A loss that is minus the logarithm of a density, up to a constant, says what targets the outputs
// lead one to expect, and so what its gradient's second moment would be (the Fisher information of
// the outputs): E[s s^T] over such targets.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/kernels/kernel_table.hpp"

#include <memory>

namespace deepgen {

template <class T>
struct LossRows {
    Index rows;
    Index n_outputs;
    const T *outputs; // z, (rows, n_outputs)
    Index outputs_stride;
    const T *values; // y, (rows, n_targets); null when the loss takes classes
    Index values_stride;
    const std::int32_t *classes; // (rows,); null when the loss takes values
    const T *weights;            // (rows,); null means ones
    double scale;
    T *gradient; // (rows, n_outputs); null when only the value is wanted
    Index gradient_stride;
};

template <class T>
class Loss {
  public:
    virtual ~Loss() = default;

    // sum_i w_i l(z_i, y_i) over the block; writes scale * w_i * dl/dz_i.
    [[nodiscard]] virtual double value_and_gradient(const LossRows<T> &block) const = 0;

    // Writes scale * w_i * (d2l/dz_i2) t_i over the block's gradient.
    virtual void curvature(const LossRows<T> &block, const T *tangents,
                           Index tangents_stride) const = 0;

    // Is it a likelihood?
    virtual bool is_likelihood() const = 0;
    // Writes sqrt(scale * w_i) s_i with E[s_i] = 0 and E[s_i s_i^T] the Fisher information, drawn
    // by numbers of child(key, first + i), i being the row of the block.
    virtual void sampled_gradient(const LossRows<T> &block, std::uint64_t key,
                                  Index first) const = 0;

    // (rows, width) means from rows of outputs, in double.
    virtual void means(Rows<const T> outputs, double *means) const = 0;
};

enum class Targets { values, classes };

struct LossEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    Targets targets;
    // Columns of y for a network of n_outputs; refuses a number of outputs that the settings do not
    // fit.
    Index (*n_targets)(const Settings &, Index n_outputs);
    // The numbers of which its formula is made, here and on a device.
    std::vector<double> (*constants)(const Settings &);
    std::unique_ptr<Loss<float>> (*make_float)(const Settings &, const Kernels<float> &);
    std::unique_ptr<Loss<double>> (*make_double)(const Settings &, const Kernels<double> &);

    template <class T>
    std::unique_ptr<Loss<T>> make(const Settings &settings, const Kernels<T> &kernels) const {
        if constexpr (std::is_same_v<T, float>)
            return make_float(settings, kernels);
        else
            return make_double(settings, kernels);
    }
};

std::span<const LossEntry *const> losses();

} // namespace deepgen
