// The functions of double over arrays, and the loss of a row as a device's thread computes it, for
// test_functions.py.

#include "engine/core/parallel.hpp"
#include "engine/losses/members.hpp"

#include <optional>

using deepgen::Index;

namespace {

double value(int function, double x, double y) {
    switch (function) {
    case 0:
        return deepgen::exp(x);
    case 1:
        return deepgen::expm1(x);
    case 2:
        return deepgen::log(x);
    case 3:
        return deepgen::log1p(x);
    case 4:
        return deepgen::sigmoid(x);
    case 5:
        return deepgen::softplus(x);
    default:
        return deepgen::pow(x, y);
    }
}

} // namespace

extern "C" {

void values(int function, bool flush, Index n, const double *x, const double *y, double *to) {
    std::optional<deepgen::FlushDenormals> flushing;
    if (flush)
        flushing.emplace();
    for (Index i = 0; i < n; ++i)
        to[i] = value(function, x[i], y[i]);
}

double loss_of_row(int number, Index n_constants, const double *constants, Index n_outputs,
                   const float *outputs, const float *targets, std::int32_t own_class,
                   double weight, float *gradient) {
    const deepgen::loss::Row<float> row{
        .outputs = outputs, .n_outputs = n_outputs, .values = targets, .own_class = own_class};
    double loss = -1.0;
    deepgen::loss::with_loss(number, constants, n_constants, [&](const auto &formula) {
        loss = deepgen::loss::weighted_loss_of_row(formula, row, weight, 1.0, gradient);
    });
    return loss;
}
}
