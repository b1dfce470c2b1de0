// Mean and standard deviation of each dense feature over the training part, by sample weight.

#pragma once

#include "engine/core/samples.hpp"

#include <cmath>
#include <vector>

namespace deepgen {

// (n_columns,) each. Deviations from the mean are squared, not values, so that a feature far from 0
// keeps its digits; a constant feature deviates by exactly 0, also where its mean is rounded. Rows
// come in order; without any weight all is 0.
struct Moments {
    std::vector<double> mean, deviation;

    template <class T>
    explicit Moments(const TrainingPart<T> &part)
        : mean(as_size(part.X.n_columns)), deviation(mean.size()) {
        const T *first = nullptr; // row with a weight
        std::vector<bool> varies(mean.size());
        const auto average = [&](std::vector<double> &of, auto term) {
            double total = 0.0;
            for (Index i = 0; i < part.rows.size; ++i) {
                const Index row = part.rows[i];
                const double weight = part.weights ? static_cast<double>(part.weights[row]) : 1.0;
                if (weight == 0.0)
                    continue;
                const T *const x = part.X.dense + row * part.X.n_columns;
                first = first ? first : x;
                for (std::size_t j = 0; j < of.size(); ++j) {
                    of[j] += weight * term(static_cast<double>(x[j]), j);
                    varies[j] = varies[j] || x[j] != first[j];
                }
                total += weight;
            }
            for (double &sum : of)
                sum = total > 0.0 ? sum / total : 0.0;
        };
        average(mean, [](double x, std::size_t) { return x; });
        average(deviation, [&](double x, std::size_t j) { return (x - mean[j]) * (x - mean[j]); });
        for (std::size_t j = 0; j < deviation.size(); ++j)
            deviation[j] = varies[j] ? std::sqrt(deviation[j]) : 0.0;
    }
};

} // namespace deepgen
