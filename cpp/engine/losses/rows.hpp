// The loops over the rows of a block.

#pragma once

#include "engine/core/random.hpp"
#include "engine/losses/loss.hpp"
#include "engine/losses/row.hpp"

#include <algorithm>

namespace deepgen::loss {

template <class T>
Rows<const T> outputs_of(const LossRows<T> &block) {
    return {block.rows, block.n_outputs, block.outputs, block.outputs_stride};
}

// The powers that a formula asks for over rows of outputs, computed ahead by whole registers.
template <class Formula, class T>
class SideBySide {
  public:
    SideBySide(Rows<const T> outputs, const Kernels<T> &kernels)
        : outputs_(outputs), kernels_(kernels) {}

    struct OfRow {
        Power operator()(Index j) const { return all.at(i, j); }
        SideBySide &all;
        Index i;
    };

    // Rows are asked for in order, and each from its first output; some may be left out.
    OfRow of_row(Index i) { return {*this, i}; }

  private:
    static constexpr Index most = 64; // a whole number of cache lines

    Power at(Index i, Index j) {
        const Index place = i * outputs_.width + j;
        if (place >= end_)
            compute(i, j);
        return {.exponent = exponents_[place - begin_], .value = values_[place - begin_]};
    }

    void compute(Index i, Index j) {
        const auto [rows, width, data, stride] = outputs_;
        Exponents<Formula, T> row = row_;
        Index n = 0;
        begin_ = i * width + j;
        for (; n < most && i < rows; ++n) {
            if (j == 0)
                row = {data + i * stride, width};
            exponents_[n] = row(j);
            if (++j == width)
                ++i, j = 0;
        }
        row_ = row;
        end_ = begin_ + n;
        std::fill(exponents_ + n, exponents_ + padded<double>(n), 0.0);
        kernels_.exponentials(padded<double>(n), exponents_, values_);
    }

    Rows<const T> outputs_;
    const Kernels<T> &kernels_;
    Exponents<Formula, T> row_; // the last that was begun
    Index begin_ = 0, end_ = 0; // places of what is computed
    double exponents_[most], values_[most];
};

// sum_i w_i l_i over the block, with the gradients scale * w_i * dl_i/dz_i.
template <class T, class Formula>
double sum_rows(const LossRows<T> &block, const Formula &formula, const Kernels<T> &kernels) {
    SideBySide<Formula, T> powers(outputs_of(block), kernels);
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
        total +=
            weighted_loss_of_row(formula, row, weight, block.scale, gradient, powers.of_row(i));
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
