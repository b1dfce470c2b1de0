// The functions of double over arrays, and the loss of a row as a device's thread computes it and
// of several as the engine does, for test_functions.py.

#include "engine/core/parallel.hpp"
#include "engine/kernels/exponentials.hpp"
#include "engine/losses/members.hpp"
#include "engine/losses/rows.hpp"

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

void exponentials(Index n, const double *x, double *to) {
    deepgen::DEEPGEN_PATH::exponentials(n, x, to);
}

double loss_of_rows(int number, Index n_constants, const double *constants, Index n_rows,
                    Index n_outputs, const float *outputs, Index n_targets, const float *targets,
                    const std::int32_t *classes, const float *weights, float *gradient) {
    const deepgen::LossRows<float> block{.rows = n_rows,
                                         .n_outputs = n_outputs,
                                         .outputs = outputs,
                                         .outputs_stride = n_outputs,
                                         .values = targets,
                                         .values_stride = n_targets,
                                         .classes = classes,
                                         .weights = weights,
                                         .scale = 1.0,
                                         .gradient = gradient,
                                         .gradient_stride = n_outputs};
    deepgen::Kernels<float> kernels{};
    kernels.exponentials = exponentials;
    double loss = -1.0;
    deepgen::loss::with_loss(number, constants, n_constants, [&](const auto &formula) {
        loss = deepgen::loss::sum_rows(block, formula, kernels);
    });
    return loss;
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
