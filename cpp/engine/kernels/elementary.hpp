// Elementary functions of whole registers: exp, expm1, sigmoid, tanh, and the normal distribution.
//
// float32 is computed here, to one or two units in the last place; a result does not depend on the
// lane, a NaN stays a NaN, and results below about 1e-38 become 0. float64 goes lane by lane
// through the standard library.
//
//   exp(x) = 2^n e^r,   n = round(x / log 2),   |r| <= log(2) / 2,   e^r - 1 = r + r^2 q(r)
//
// Reduction after Cody & Waite (1980), Software manual for the elementary functions, chapter 6. The
// minimax coefficients are our own: relative error 4e-9 for q, 5e-9 for the tail of the normal
// distribution.

#pragma once

#include "engine/kernels/simd.hpp"

#include <numbers>

namespace deepgen::DEEPGEN_PATH {

// e^x = 2 half (1 + rest): exp and expm1 differ only in how they put the two parts together.
struct Exponential {
    Simd<float> half; // 2^(n - 1): unlike 2^n a normal number up to the overflow of e^x
    Simd<float> rest; // e^r - 1
};

inline Exponential exponential(Simd<float> x) {
    using Mask = Simd<float>::Mask;
    // Beyond these limits e^x has overflowed to infinity, or half is 0. A NaN passes both.
    x = max(Simd<float>(-87.5F), min(Simd<float>(89.0F), x));

    // Adding 1.5 * 2^23 rounds to an integer, and leaves that integer in the low bits.
    const Simd<float> magic(12582912.0F);
    const Simd<float> shifted = fmadd(x, Simd<float>(std::numbers::log2e_v<float>), magic);
    const Simd<float> n = shifted - magic;
    const Mask half_bits = (reinterpret_cast<Mask>(shifted.v) << 23) + (126 << 23);

    // log 2 in two parts; the first has 9 bits, so that n times it is exact.
    const Simd<float> r =
        fmadd(n, Simd<float>(2.12194440e-4F), fmadd(n, Simd<float>(-0.693359375F), x));
    Simd<float> q(0.001381432F);
    q = fmadd(q, r, Simd<float>(0.008368851F));
    q = fmadd(q, r, Simd<float>(0.0416684F));
    q = fmadd(q, r, Simd<float>(0.1666652F));
    q = fmadd(q, r, Simd<float>(0.49999994F));
    return {.half = reinterpret_cast<Simd<float>::Lanes>(half_bits), .rest = fmadd(r * r, q, r)};
}

inline Simd<float> exp(Simd<float> x) {
    const auto [half, rest] = exponential(x);
    const Simd<float> result = fmadd(half, rest, half);
    return result + result;
}

inline Simd<double> exp(Simd<double> x) {
    return x.each([](double value) { return std::exp(value); });
}

// e^x - 1 with a small relative error near 0 too.
inline Simd<float> expm1(Simd<float> x) {
    const auto [half, rest] = exponential(x);
    const Simd<float> result = fmadd(half, rest, half - Simd<float>(0.5F));
    return result + result;
}

inline Simd<double> expm1(Simd<double> x) {
    return x.each([](double value) { return std::expm1(value); });
}

// 1 / (1 + e^-x); the exponential's overflow gives 0.
template <class T>
Simd<T> sigmoid(Simd<T> x) {
    return Simd<T>(1) / (Simd<T>(1) + exp(-x));
}

// tanh |x| = -d / (2 + d) with d = e^(-2 |x|) - 1: no overflow, and no cancellation near 0.
inline Simd<float> tanh(Simd<float> x) {
    const Simd<float> d = expm1(Simd<float>(-2.0F) * abs(x));
    const Simd<float> magnitude = d / (Simd<float>(-2.0F) - d);
    return select(x < Simd<float>(0.0F), -magnitude, magnitude);
}

inline Simd<double> tanh(Simd<double> x) {
    return x.each([](double value) { return std::tanh(value); });
}

// The standard normal distribution at x: Phi(x) and phi(x) = Phi'(x), which share an exponential.
template <class T>
struct Normal {
    Simd<T> cumulative;
    Simd<T> density;
};

// The tail 1 - Phi(a) = e^(-a^2 / 2) R(a), a = |x|, with R = erfcx(a / sqrt 2) / 2 as a rational
// function whose coefficients are all positive.
inline Normal<float> normal(Simd<float> x) {
    using Mask = Simd<float>::Mask;
    const Simd<float> a = min(Simd<float>(14.0F), abs(x)); // the tail is 0 from 13.2 on

    // What rounding a^2 loses (Dekker's product): the exponential would make it many units.
    const Simd<float> head =
        reinterpret_cast<Simd<float>::Lanes>(reinterpret_cast<Mask>(a.v) & ~0xfff);
    const Simd<float> tail = a - head;
    const Simd<float> square = a * a;
    const Simd<float> lost = (head * head - square) + Simd<float>(2.0F) * head * tail + tail * tail;
    const Simd<float> rounded = exp(Simd<float>(-0.5F) * square);
    const Simd<float> bell = fmadd(rounded, Simd<float>(-0.5F) * lost, rounded);

    Simd<float> above(0.004028638372F);
    above = fmadd(above, a, Simd<float>(0.040041429708F));
    above = fmadd(above, a, Simd<float>(0.18147725792F));
    above = fmadd(above, a, Simd<float>(0.435917643239F));
    above = fmadd(above, a, Simd<float>(0.5F));
    Simd<float> below(0.010098157849F);
    below = fmadd(below, a, Simd<float>(0.100376274514F));
    below = fmadd(below, a, Simd<float>(0.464830315191F));
    below = fmadd(below, a, Simd<float>(1.195194301479F));
    below = fmadd(below, a, Simd<float>(1.669720210741F));
    below = fmadd(below, a, Simd<float>(1.0F));
    const Simd<float> beyond = bell * (above / below);

    const float peak = 0.398942280401432678F; // 1 / sqrt(2 pi)
    return {.cumulative = select(x > Simd<float>(0.0F), Simd<float>(1.0F) - beyond, beyond),
            .density = Simd<float>(peak) * bell};
}

inline Normal<double> normal(Simd<double> x) {
    constexpr double peak = 0.398942280401432678;
    return {.cumulative =
                x.each([](double value) { return 0.5 * std::erfc(-value / std::numbers::sqrt2); }),
            .density = x.each([](double value) { return peak * std::exp(-0.5 * value * value); })};
}

} // namespace deepgen::DEEPGEN_PATH
