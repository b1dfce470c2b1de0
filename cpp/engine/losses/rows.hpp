// The loops over the rows of a block.

#pragma once

#include "engine/core/random.hpp"
#include "engine/losses/loss.hpp"
#include "engine/losses/row.hpp"

#include <algorithm>

namespace deepgen::loss {

// sum_i w_i l_i over the block, with the gradients scale * w_i * dl_i/dz_i.
template <class T, class Formula>
double sum_rows(const LossRows<T> &block, const Formula &formula) {
    double total = 0.0;
    for (Index i = 0; i < block.rows; ++i) {
        const Row<T> row{
            .outputs = block.outputs + i * block.outputs_stride,
            .n_outputs = block.n_outputs,
            .values = block.values ? block.values + i * block.values_stride : nullptr,
            .own_class = block.classes ? block.classes[i] : 0,
        };
        const double weight = block.weights ? static_cast<double>(block.weights[i]) : 1.0;
        T *gradient = block.gradient ? block.gradient + i * block.gradient_stride : nullptr;
        total += weighted_loss_of_row(formula, row, weight, block.scale, gradient);
    }
    return total;
}

// For what only has to be written: row(i, factor) fills the gradient of each row whose weight is
// not 0; factor = scale w_i.
template <class T, class Row>
void write_rows(const LossRows<T> &block, Row row) {
    for (Index i = 0; i < block.rows; ++i) {
        const double weight = block.weights ? static_cast<double>(block.weights[i]) : 1.0;
        if (weight == 0.0)
            std::fill_n(block.gradient + i * block.gradient_stride, block.n_outputs, T(0));
        else
            row(i, block.scale * weight);
    }
}

// The root of h with a sign that is either of the two with equal chances.
inline double either_root(double h, std::uint64_t key, Index j) {
    const double root = std::sqrt(h);
    return random::value(key, static_cast<std::uint64_t>(j)) >> 63 ? root : -root;
}

// Writes the sampled gradient of each row: row(i, factor, key) with factor = sqrt(scale w_i).
template <class T, class Row>
void sample_rows(const LossRows<T> &block, std::uint64_t key, Index first, Row row) {
    write_rows(block, [&](Index i, double factor) {
        row(i, std::sqrt(factor), random::child(key, static_cast<std::uint64_t>(first + i)));
    });
}

} // namespace deepgen::loss
