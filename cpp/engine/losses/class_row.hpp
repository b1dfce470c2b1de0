// Losses of a softmax over classes, seen from the true class c: what a formula knows of a row, and
// the row's loss and gradient.
//
//   p_j = e_j / sum_k e_k,   e_j = exp(z_j - max z)
//
// Blanchard, Higham & Higham (2021), Accurately computing the log-sum-exp and softmax functions.

#pragma once

#include "engine/losses/row.hpp"

namespace deepgen::loss {

// What a formula may know of a row. 1 - p_c is others / sum: near p_c = 1 the difference itself
// would have no digits left.
struct ClassRow {
    double n_classes;
    double own;      // e_c
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

template <class Formula>
concept OfClasses = requires(const Formula &formula, const ClassRow &row) {
    { formula.at(row) } -> std::same_as<ClassPoint>;
};

template <class T>
DEEPGEN_ANYWHERE double highest_output(const T *outputs, Index n_outputs) {
    T highest = outputs[0];
    for (Index j = 1; j < n_outputs; ++j)
        if (highest < outputs[j])
            highest = outputs[j];
    return static_cast<double>(highest);
}

template <OfClasses Formula, class T>
struct Exponents<Formula, T> {
    Exponents() = default;
    DEEPGEN_ANYWHERE Exponents(const T *outputs_, Index n_outputs)
        : outputs(outputs_), highest(highest_output(outputs_, n_outputs)) {}
    DEEPGEN_ANYWHERE double operator()(Index j) const {
        return static_cast<double>(outputs[j]) - highest;
    }
    const T *outputs = nullptr;
    double highest = 0.0;
};

// The row in the formula's words; leaves e_j in `exponentials` unless it is null.
template <class T, class Powers>
DEEPGEN_ANYWHERE ClassRow class_row(Index n_outputs, Index own_class, T *exponentials,
                                    Powers powers) {
    double below = 0.0; // z_c - max z
    double own = 0.0;
    double others = 0.0;
    double sum_below = 0.0;
    for (Index j = 0; j < n_outputs; ++j) {
        const auto [exponent, e] = powers(j);
        sum_below += exponent;
        if (j == own_class) {
            below = exponent;
            own = e;
        } else {
            others += e;
        }
        if (exponentials)
            exponentials[j] = static_cast<T>(e);
    }
    const double log_sum = below == 0.0 ? log1p(others) : log(own + others);
    return {.n_classes = static_cast<double>(n_outputs),
            .own = own,
            .sum = own + others,
            .others = others,
            .log_p = below - log_sum,
            .mean_log = sum_below / static_cast<double>(n_outputs) - log_sum};
}

template <OfClasses Formula, class T, class Powers>
DEEPGEN_ANYWHERE double loss_of_row(const Formula &formula, const Row<T> &row, double factor,
                                    T *gradient, Powers powers) {
    const ClassPoint point = formula.at(class_row(row.n_outputs, row.own_class, gradient, powers));
    if (gradient) {
        for (Index j = 0; j < row.n_outputs; ++j) {
            const double e = static_cast<double>(gradient[j]);
            gradient[j] = static_cast<T>(factor * (point.scale * e + point.shift));
        }
        gradient[row.own_class] = static_cast<T>(factor * point.own);
    }
    return point.value;
}

} // namespace deepgen::loss
