// The loss of one row and its gradient, for the loops of the host and for a thread of a device.
//
// Formulas are in double whatever the network's scalar: a row costs a few exponentials beside
// thousands of products, and a value summed in float32 would hide slow progress. Each is made of
// numbers that the host computes from the settings.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/core/functions.hpp"

#include <array>
#include <concepts>

namespace deepgen::loss {

template <class T>
struct Row {
    const T *outputs; // z, (n_outputs,)
    Index n_outputs;
    const T *values; // y, (n_targets,); null when the loss takes classes
    Index own_class; // when it does
};

// A loss of one output, and its derivative in z.
struct Point {
    double value;
    double derivative;
};

// at(z, y) is the loss of each output with a target of its own.
template <class Formula>
concept Elementwise = requires(const Formula &formula) {
    { formula.at(0.0, 0.0) } -> std::same_as<Point>;
};

// l; writes factor * dl/dz unless `gradient` is null.
template <Elementwise Formula, class T>
DEEPGEN_ANYWHERE double loss_of_row(const Formula &formula, const Row<T> &row, double factor,
                                    T *gradient) {
    double sum = 0.0;
    for (Index j = 0; j < row.n_outputs; ++j) {
        const Point point =
            formula.at(static_cast<double>(row.outputs[j]), static_cast<double>(row.values[j]));
        sum += point.value;
        if (gradient)
            gradient[j] = static_cast<T>(factor * point.derivative);
    }
    return sum;
}

// w l; writes scale * w * dl/dz. A row of weight 0 adds nothing and gets a zero gradient, whatever
// its outputs. An output that is not finite makes the loss so, even where the formula has a finite
// limit, or a diverged run would go unnoticed.
template <class Formula, class T>
DEEPGEN_ANYWHERE double weighted_loss_of_row(const Formula &formula, const Row<T> &row,
                                             double weight, double scale, T *gradient) {
    if (weight == 0.0) {
        if (gradient)
            for (Index j = 0; j < row.n_outputs; ++j)
                gradient[j] = T(0);
        return 0.0;
    }
    double nothing = 0.0; // or NaN
    for (Index j = 0; j < row.n_outputs; ++j)
        nothing += static_cast<double>(row.outputs[j] - row.outputs[j]);
    return weight * (loss_of_row(formula, row, scale * weight, gradient) + nothing);
}

} // namespace deepgen::loss
