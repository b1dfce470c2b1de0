// exp, expm1, log, log1p, pow, sigmoid and softplus of double, of our own: the C library's differ
// between machines in the last bit, and a device has others again.
//
// Only + - * / of double and operations on its bits, none of them fused, so host and device compute
// the same bits, whether they flush denormals or not: results below the smallest normal number are
// 0. The first five are within one unit in the last place of the truth (exp and pow within
// 0.8); infinities, zeros and NaN as in C, without errno.
//
//   e^x = 2^n e^r,       n = round(x / log 2),   e^r = 1 + r + r^2 q(r),   |r| <= log(2) / 2
//   log x = k log 2 + log m,   x = 2^k m,   sqrt(1/2) <= m < sqrt(2),   f = m - 1
//   log(1 + f) = f - f^2 / 2 + s (f^2 / 2 + s^2 l(s^2)),   s = f / (2 + f)
//   x^y = e^(y log x),   log m = log c + 2 s + s^3 (2 / 3 + s^2 p(s^2)),   s = (m - c) / (m + c)
//
// where c is 3/4, 1 or 5/4 and log x has some 68 bits, as y log x has to be known beyond the point.
// Since 2 s = f - s f, the line with f is atanh's series, and begins with a term that is exact.
//
// Cody & Waite (1980), Software manual for the elementary functions, chapters 5 to 7 (reductions);
// Dekker (1971), A floating-point technique for extending the available precision (sums and
// products with their errors); Muller (2016), Elementary functions, chapter 3 (Remez). q, l and p
// are minimax and our own: absolute errors 1.4e-18, 3.1e-16 and 1.1e-18.

#pragma once

#include "engine/core/anywhere.hpp"
#include "engine/core/types.hpp"

#include <bit>
#include <cmath>
#include <numbers>

// Of registers: a path must leave no function of this namespace in its object.
#define DEEPGEN_WITHIN DEEPGEN_ANYWHERE inline __attribute__((always_inline))

namespace deepgen {
namespace parts_of_functions {

inline constexpr double smallest = std::numeric_limits<double>::min();
inline constexpr double negligible = 0x1p-54;             // 1 + x is 1
inline constexpr double log2_high = 0x1.62e42fefa3800p-1; // 42 bits: times k it is exact
inline constexpr double log2_low = 0x1.ef35793c76730p-45;

DEEPGEN_ANYWHERE constexpr std::int64_t bits_of(double x) {
    return std::bit_cast<std::int64_t>(x);
}
DEEPGEN_ANYWHERE constexpr double of_bits(std::int64_t bits) {
    return std::bit_cast<double>(bits);
}

// The first 26 digits: products of two such numbers are exact.
DEEPGEN_ANYWHERE constexpr double head(double x) {
    return of_bits(bits_of(x) & ~std::int64_t{0x7ffffff});
}

// The value x where the function is x: 0 if it is denormal.
DEEPGEN_ANYWHERE inline double flushed(double x) {
    return std::abs(x) < smallest ? x * 0.0 : x;
}

// Whole numbers of the size of V's lanes, which are doubles: V is double, or a register of several.
template <class V>
using Words = std::conditional_t<std::is_same_v<V, double>, std::int64_t, decltype(V() < V())>;

// e^x = 2^n (1 + (high - low) + curve): r is high - low rounded, and curve r^2 q(r).
template <class V>
struct Exponential {
    V n;
    Words<V> n_in_place; // of an exponent: n << 52
    V high;
    V low;
    V r;
    V curve;
};

// Of x + tail, |x| <= 710.
template <class V>
DEEPGEN_WITHIN Exponential<V> exponential(V x, V tail) {
    // Adding it rounds to a whole number, and leaves that in the low bits.
    constexpr double magic = 0x1.8p52;
    const V shifted = x * std::numbers::log2e + magic;
    const V n = shifted - magic;
    const V high = x - n * log2_high; // exact
    const V low = n * log2_low - tail;
    const V r = high - low, r2 = r * r, r4 = r2 * r2;
    const V q = 0.5 + (0x1.5555555555557p-3 * r +
                       (r2 * (0x1.5555555555558p-5 + 0x1.11111111100dbp-7 * r) +
                        r4 * (((0x1.6c16c16c151fap-10 + 0x1.a01a01abe8204p-13 * r) +
                               r2 * (0x1.a01a01acfb1c1p-16 + 0x1.71de02313782fp-19 * r)) +
                              r4 * ((0x1.27e4cccdb79e9p-22 + 0x1.af4dea2b1bc57p-26 * r) +
                                    r2 * 0x1.1f8b4c1725b48p-29))));
    return {.n = n,
            .n_in_place = std::bit_cast<Words<V>>(shifted) << 52,
            .high = high,
            .low = low,
            .r = r,
            .curve = r2 * q};
}

// Of x + tail, |x| <= 710: an exponent beyond that would run into the sign.
template <class V>
DEEPGEN_WITHIN V exp_of_sum(V x, V tail) {
    const Exponential<V> e = exponential(x, tail);
    const V sum = 1.0 + e.high;
    const V value = sum + (((1.0 - sum) + e.high) + (e.curve - e.low));
    const V exponent = value < 1.0 ? e.n - 1.0 : e.n;
    const V scaled = std::bit_cast<V>(std::bit_cast<Words<V>>(value) + e.n_in_place);
    const V bounded = exponent > 1023.0 ? V() + infinity : scaled;
    return exponent < -1022.0 ? V() : bounded;
}

// Of a register it has in each lane what it is of that double, bit for bit.
template <class V>
DEEPGEN_WITHIN V exp_of_lanes(V x) {
    // Beyond these limits e^x has overflowed or vanished.
    const V above = x > -710.0 ? x : V() - 710.0;
    const V value = exp_of_sum<V>(above < 710.0 ? above : V() + 710.0, V());
    return x == x ? value : x;
}

// x = 2^k m
struct Scaled {
    double k;
    double m;
};

DEEPGEN_ANYWHERE inline Scaled scaled(std::int64_t bits) {
    constexpr std::int64_t root_of_half = 0x3fe6a09e667f3bcd;
    const std::int64_t k = (bits - root_of_half) >> 52;
    return {.k = static_cast<double>(k), .m = of_bits(bits - (k << 52))};
}

// Is it a normal number above 0?
DEEPGEN_ANYWHERE constexpr bool is_positive_normal(std::int64_t bits) {
    constexpr std::int64_t first = std::int64_t{1} << 52, end = std::int64_t{0x7ff} << 52;
    return bits >= first && bits < end;
}

// A denormal is a whole number of 2^-1074; its bits are that number.
DEEPGEN_ANYWHERE inline Scaled scaled_denormal(std::int64_t bits) {
    const Scaled x = scaled(bits_of(static_cast<double>(bits)));
    return {.k = x.k - 1074.0, .m = x.m};
}

// k log 2 + log(1 + f) - less
DEEPGEN_ANYWHERE inline double log_of_scaled(double k, double f, double less) {
    const double s = f / (2.0 + f);
    const double z = s * s, z2 = z * z;
    const double l =
        ((0x1.5555555555558p-1 + 0x1.9999999995224p-2 * z) +
         z2 * (0x1.2492492e03e05p-2 + 0x1.c71c62d0402aep-3 * z)) +
        z2 * z2 * ((0x1.7462ba27c8794p-3 + 0x1.39fdb949c5e05p-3 * z) + z2 * 0x1.2b5fbed6295a5p-3);
    const double half_square = 0.5 * f * f;
    const double rest = s * (half_square + z * l) + (k * log2_low - less);
    return k * log2_high - ((half_square - rest) - f);
}

// Of what is no normal number above 0 the logarithm, or k and m of a denormal.
DEEPGEN_ANYWHERE inline double log_of_other(double x) {
    const std::int64_t bits = bits_of(x);
    if (bits << 1 == 0)
        return -infinity;
    if (bits < 0)
        return x - x + std::numeric_limits<double>::quiet_NaN();
    if (bits >= bits_of(infinity))
        return x;
    const Scaled parts = scaled_denormal(bits);
    return log_of_scaled(parts.k, parts.m - 1.0, 0.0);
}

// log x = high + low
struct LongLog {
    double high;
    double low;
};

DEEPGEN_ANYWHERE inline LongLog long_log(Scaled x) {
    const double m = x.m;
    const bool is_low = m < 0x1.bb67ae8584caap-1, is_high = m > 0x1.1e3779b97f4a8p+0;
    const double c = is_low ? 0.75 : is_high ? 1.25 : 1.0;
    const double log_high = is_low    ? -0x1.269621134e000p-2 // 42 bits, as log2_high
                            : is_high ? 0x1.c8ff7c79a8000p-3
                                      : 0.0;
    const double log_low = is_low ? 0x1.1b61f10522625p-44 : is_high ? 0x1.a21ac25d81ef3p-43 : 0.0;

    const double difference = m - c; // exact
    const double sum = m + c, inverse = 1.0 / sum;
    const double sum_head = head(sum), sum_tail = (m - sum_head) + c;
    const double s = difference * inverse, s_head = head(s);
    const double s_tail = ((difference - s_head * sum_head) - s_head * sum_tail) * inverse;

    const double square_head = head(s_head * s_head);
    const double square_tail = (s_head * s_head - square_head) + s_tail * (s_head + s);
    const double square = square_head + square_tail;
    const double p = (0x1.999999999999ap-2 + 0x1.24924924925a6p-2 * square) +
                     square * square *
                         ((0x1.c71c71c5ec3e4p-3 + 0x1.745d1b1c3b5ebp-3 * square) +
                          square * square * (0x1.3b0e17ec10d98p-3 + 0x1.14d38319b5c7ep-3 * square));
    // s^2 (2 / 3 + s^2 p), of which s is a factor still to come
    const double two_thirds = 0x1.555555p-1, beyond = 0x1.5555555555555p-27;
    const double lead = two_thirds * square_head; // exact
    const double cubic = head(lead);
    const double cubic_tail =
        (lead - cubic) + (two_thirds * square_tail + (beyond * square + square * square * p));

    const double whole = x.k * log2_high + log_high; // exact
    const double linear = whole + 2.0 * s_head;
    const double linear_lost = (whole - linear) + 2.0 * s_head;
    const double high = linear + s_head * cubic;
    const double high_lost = (linear - high) + s_head * cubic;
    const double rest = 2.0 * s_tail + (s_head * cubic_tail + s_tail * (cubic + cubic_tail));
    return {.high = high, .low = linear_lost + (high_lost + (rest + (x.k * log2_low + log_low)))};
}

} // namespace parts_of_functions

DEEPGEN_ANYWHERE inline double exp(double x) {
    return parts_of_functions::exp_of_lanes(x);
}

// e^x - 1
DEEPGEN_ANYWHERE inline double expm1(double x) {
    using namespace parts_of_functions;
    if (!(x < 710.0))
        return x + infinity; // NaN stays NaN
    if (x < -40.0)
        return -1.0;
    if (std::abs(x) < negligible)
        return flushed(x);
    const Exponential<double> e = exponential(x, 0.0);
    // 2^(n - 1), which unlike 2^n is not beyond the largest number
    const double half = of_bits(e.n_in_place + bits_of(0.5));
    const double less = half - 0.5;
    const double less_lost = (half - less) - 0.5;
    const double sum = less + half * e.high;
    const double sum_lost = (less - sum) + half * e.high;
    // Small terms first: each rounding of large ones is a quarter unit near x = log(2) / 2.
    const double r_lost = (e.high - e.r) - e.low;
    const double lost = sum_lost + (less_lost + half * (e.r * r_lost - e.low));
    return 2.0 * (sum + (half * e.curve + lost));
}

DEEPGEN_ANYWHERE inline double log(double x) {
    using namespace parts_of_functions;
    const std::int64_t bits = bits_of(x);
    if (!is_positive_normal(bits))
        return log_of_other(x);
    const Scaled parts = scaled(bits);
    return log_of_scaled(parts.k, parts.m - 1.0, 0.0);
}

// log(1 + x)
DEEPGEN_ANYWHERE inline double log1p(double x) {
    using namespace parts_of_functions;
    if (std::abs(x) < negligible)
        return flushed(x);
    const double sum = 1.0 + x;
    if (!is_positive_normal(bits_of(sum)))
        return log_of_other(sum);
    const Scaled parts = scaled(bits_of(sum));
    const bool is_near = parts.k == 0.0;
    const double lost = x < 1.0 ? x - (sum - 1.0) : 1.0 - (sum - x); // by the sum
    return log_of_scaled(parts.k, is_near ? x : parts.m - 1.0, is_near ? 0.0 : -lost / sum);
}

// x^y for x >= 0, with x^0 = 1; of other x it is NaN.
DEEPGEN_ANYWHERE inline double pow(double x, double y) {
    using namespace parts_of_functions;
    if (std::abs(y) < smallest)
        return 1.0;
    const std::int64_t bits = bits_of(x);
    Scaled parts;
    if (is_positive_normal(bits)) {
        if (y == 1.0)
            return x;
        if (y == 2.0) // rounded once
            return x * x < smallest ? 0.0 : x * x;
        parts = scaled(bits);
    } else if (bits > 0 && bits < bits_of(smallest))
        parts = scaled_denormal(bits);
    else
        return exp(y * log_of_other(x));
    const LongLog log_x = long_log(parts);
    // Larger ones make all but 1 overflow or vanish.
    const double power = y < -0x1p65 ? -0x1p65 : y > 0x1p65 ? 0x1p65 : y;
    const double power_head = head(power), log_head = head(log_x.high);
    const double product = power_head * log_head; // exact
    const double product_tail = power_head * ((log_x.high - log_head) + log_x.low) +
                                (power - power_head) * (log_x.high + log_x.low);
    const double exponent = product + product_tail;
    if (!(std::abs(exponent) < 710.0))
        return exp(exponent);
    return exp_of_sum(exponent, (product - exponent) + product_tail);
}

// 1 / (1 + e^-x)
DEEPGEN_ANYWHERE inline double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

// log(1 + e^x) = -log sigmoid(-x), without overflow or cancellation.
DEEPGEN_ANYWHERE inline double softplus(double x) {
    return (x > 0.0 ? x : 0.0) + log1p(exp(-std::abs(x)));
}

} // namespace deepgen
