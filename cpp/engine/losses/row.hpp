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

// at(z, y) is the loss of each output with a target of its own, or at(z, y, e^exponent(z)): the
// exponentials of many outputs can be computed side by side.
template <class Formula>
concept WithExponential = requires(const Formula &formula) {
    { Formula::exponent(0.0) } -> std::same_as<double>;
    { formula.at(0.0, 0.0, 1.0) } -> std::same_as<Point>;
};
template <class Formula>
concept Elementwise = WithExponential<Formula> || requires(const Formula &formula) {
    { formula.at(0.0, 0.0) } -> std::same_as<Point>;
};

// The exponents of a row by output, for formulas that ask for exponentials.
template <class Formula, class T>
struct Exponents {
    Exponents() = default;
    DEEPGEN_ANYWHERE Exponents(const T *, Index) {}
};

template <WithExponential Formula, class T>
struct Exponents<Formula, T> {
    Exponents() = default;
    DEEPGEN_ANYWHERE Exponents(const T *outputs_, Index) : outputs(outputs_) {}
    DEEPGEN_ANYWHERE double operator()(Index j) const {
        return Formula::exponent(static_cast<double>(outputs[j]));
    }
    const T *outputs = nullptr;
};

// e^exponent
struct Power {
    double exponent;
    double value;
};

// The powers of a row, each computed when it is asked for.
template <class Formula, class T>
struct OneByOne {
    DEEPGEN_ANYWHERE Power operator()(Index j) const {
        const double exponent = exponents(j);
        return {.exponent = exponent, .value = exp(exponent)};
    }
    Exponents<Formula, T> exponents;
};

// l; writes factor * dl/dz unless `gradient` is null. powers(j) is asked for in order.
template <Elementwise Formula, class T, class Powers>
DEEPGEN_ANYWHERE double loss_of_row(const Formula &formula, const Row<T> &row, double factor,
                                    T *gradient, Powers powers) {
    double sum = 0.0;
    for (Index j = 0; j < row.n_outputs; ++j) {
        const double z = static_cast<double>(row.outputs[j]);
        const double y = static_cast<double>(row.values[j]);
        Point point;
        if constexpr (WithExponential<Formula>)
            point = formula.at(z, y, powers(j).value);
        else
            point = formula.at(z, y);
        sum += point.value;
        if (gradient)
            gradient[j] = static_cast<T>(factor * point.derivative);
    }
    return sum;
}

// w l; writes scale * w * dl/dz. A row of weight 0 adds nothing and gets a zero gradient, whatever
// its outputs. An output that is not finite makes the loss so, even where the formula has a finite
// limit, or a diverged run would go unnoticed.
template <class Formula, class T, class Powers>
DEEPGEN_ANYWHERE double weighted_loss_of_row(const Formula &formula, const Row<T> &row,
                                             double weight, double scale, T *gradient,
                                             Powers powers) {
    if (weight == 0.0) {
        if (gradient)
            for (Index j = 0; j < row.n_outputs; ++j)
                gradient[j] = T(0);
        return 0.0;
    }
    double nothing = 0.0; // or NaN
    for (Index j = 0; j < row.n_outputs; ++j)
        nothing += static_cast<double>(row.outputs[j] - row.outputs[j]);
    return weight * (loss_of_row(formula, row, scale * weight, gradient, powers) + nothing);
}

// The same by one thread of many, which has no register of several lanes.
template <class Formula, class T>
DEEPGEN_ANYWHERE double weighted_loss_of_row(const Formula &formula, const Row<T> &row,
                                             double weight, double scale, T *gradient) {
    return weighted_loss_of_row(
        formula, row, weight, scale, gradient,
        OneByOne<Formula, T>{.exponents = Exponents<Formula, T>(row.outputs, row.n_outputs)});
}

} // namespace deepgen::loss
