// Sums over a unit's inputs go over blocks of rows in order, so every unit has its own order.

#include "engine/reparametrizations/units.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

// Rows of W whose sums are taken in the weights' own type; blocks are joined in double.
constexpr Index sum_rows = 64;

template <class T>
using Line = std::array<T, most_units>;

// Mean and sum of squared distances from it, blocks joined by Chan, Golub & LeVeque (1979).
template <class T>
void moments(const Kernels<T> &kernels, Rows<const T> v, double *mean, double *squares) {
    Line<double> sums, own;
    std::fill_n(mean, v.width, 0.0);
    std::fill_n(squares, v.width, 0.0);
    for (Index row = 0; row < v.rows; row += sum_rows) {
        const Index n = std::min(sum_rows, v.rows - row);
        kernels.norms.moments({n, v.width, v.data + row * v.stride, v.stride}, sums.data(),
                              own.data());
        const double before = static_cast<double>(row), count = static_cast<double>(n);
        const double share = count / (before + count), of_block = 1.0 / count;
        for (Index j = 0; j < v.width; ++j) {
            const double apart = sums[as_size(j)] * of_block - mean[j];
            mean[j] += apart * share;
            squares[j] += own[as_size(j)] + apart * apart * before * share;
        }
    }
}

// Sums of x and of x y.
template <class T>
void products(const Kernels<T> &kernels, Rows<const T> x, const T *y, double *sums,
              double *with_y) {
    Line<double> block_sums, block_products;
    std::fill_n(sums, x.width, 0.0);
    std::fill_n(with_y, x.width, 0.0);
    for (Index row = 0; row < x.rows; row += sum_rows) {
        const Index at = row * x.stride;
        kernels.norms.gradient_sums(
            {std::min(sum_rows, x.rows - row), x.width, x.data + at, x.stride}, y + at, x.stride,
            block_sums.data(), block_products.data());
        for (Index j = 0; j < x.width; ++j) {
            sums[j] += block_sums[as_size(j)];
            with_y[j] += block_products[as_size(j)];
        }
    }
}

} // namespace

template <class T>
void make_effective(const Kernels<T> &kernels, const Units<T> &units, T *effective) {
    const Rows<const T> v = units.stored;
    Line<double> squares;
    if (units.member.constant() && !units.centred) {
        std::fill_n(units.mean, v.width, 0.0);
        std::fill_n(squares.data(), v.width, 0.0);
    } else if (units.centred)
        moments(kernels, v, units.mean, squares.data());
    else {
        products(kernels, v, v.data, units.mean, squares.data());
        std::fill_n(units.mean, v.width, 0.0);
    }
    Line<T> factor, centre;
    for (Index j = 0; j < v.width; ++j) {
        const Factor f = units.member.factor(squares[as_size(j)], v.rows);
        units.value[j] = f.value;
        units.derivative[j] = f.derivative;
        factor[as_size(j)] = static_cast<T>(units.gain_of(j) * f.value);
        centre[as_size(j)] = static_cast<T>(units.mean[j]);
    }
    kernels.norms.scale_columns(v, centre.data(), factor.data(), effective, v.stride);
}

// dc = g f (u + k c) with k = 2 f' s / f, which loses no digits where c is next to nothing.
template <class T>
void pull_back(const Kernels<T> &kernels, const Units<T> &units, T *gradients,
               double *gain_gradients) {
    const Rows<const T> v = units.stored;
    Line<double> sum, product;
    if (units.member.constant() && !units.centred && !units.gain) {
        std::fill_n(sum.data(), v.width, 0.0); // dv = f u
        std::fill_n(product.data(), v.width, 0.0);
    } else
        products(kernels, {v.rows, v.width, gradients, v.stride}, v.data, sum.data(),
                 product.data());
    Line<T> factor, centre, minus_k;
    for (Index j = 0; j < v.width; ++j) {
        const double mean = units.mean[j], f = units.value[j], derivative = units.derivative[j];
        const double s = product[as_size(j)] - mean * sum[as_size(j)];
        const double k = derivative == 0.0 ? 0.0 : 2.0 * derivative * s / f;
        const double mean_gradient =
            units.centred ? sum[as_size(j)] / static_cast<double>(v.rows) : 0.0;
        gain_gradients[j] = f * s;
        factor[as_size(j)] = static_cast<T>(units.gain_of(j) * f);
        centre[as_size(j)] = static_cast<T>(mean_gradient + k * mean);
        minus_k[as_size(j)] = static_cast<T>(-k);
    }
    kernels.norms.unstandardize_columns({v.rows, v.width, gradients, v.stride}, v.data, v.stride,
                                        factor.data(), centre.data(), minus_k.data());
}

template void make_effective(const Kernels<float> &, const Units<float> &, float *);
template void make_effective(const Kernels<double> &, const Units<double> &, double *);
template void pull_back(const Kernels<float> &, const Units<float> &, float *, double *);
template void pull_back(const Kernels<double> &, const Units<double> &, double *, double *);

} // namespace deepgen
