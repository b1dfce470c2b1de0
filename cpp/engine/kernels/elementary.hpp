// Elementary functions of whole registers: exp, expm1, sigmoid, tanh, the normal distribution, and
// sine and cosine of whole turns.
//
// Computed here to one or two units in the last place; a result does not depend on the lane, a NaN
// stays a NaN, and results below the smallest normal number (1e-38 or 2e-308) become 0.
//
//   exp(x) = 2^n e^r,   n = round(x / log 2),   |r| <= log(2) / 2,   e^r - 1 = r + r^2 q(r)
//   1 - Phi(a) = e^(-a^2 / 2) R(a),   a = |x|,   R(a) = erfcx(a / sqrt 2) / 2
//   sin(2 pi s) = 4 s + s (1 - 16 s^2) q(s^2),   |s| <= 1/4
//
// Reduction after Cody & Waite (1980), Software manual for the elementary functions, chapter 6. In
// float32 the minimax coefficients are our own: relative error 4e-9 for q, 5e-9 for R. In float64 q
// is Taylor's, error 4e-18, and R is a Chebyshev series in (a - 5) / (a + 5) after Schonfelder
// (1978), Chebyshev expansions for the error and related functions; our own, error 9e-17. The
// sine's q is minimax and our own: relative error 6e-9 in float32, 3e-19 in float64.

#pragma once

#include "engine/kernels/simd.hpp"

#include <limits>
#include <numbers>
#include <type_traits>

namespace deepgen::DEEPGEN_PATH {

// e^x = 2 half (1 + rest): exp and expm1 differ only in how they put the two parts together.
template <class T>
struct Exponential {
    Simd<T> half; // 2^(n - 1): unlike 2^n a normal number up to the overflow of e^x
    Simd<T> rest; // e^r - 1
};

DEEPGEN_ANYWHERE inline Exponential<float> exponential(Simd<float> x) {
    // Beyond these limits e^x has overflowed to infinity, or half is 0. A NaN passes both.
    x = max(Simd<float>(-87.5F), min(Simd<float>(89.0F), x));

    // Adding 1.5 * 2^23 rounds to an integer, and leaves that integer in the low bits.
    const Simd<float> magic(12582912.0F);
    const Simd<float> shifted = fmadd(x, Simd<float>(std::numbers::log2e_v<float>), magic);
    const Simd<float> n = shifted - magic;
    const auto half_bits = (bits(shifted) << 23) + (126 << 23);

    // log 2 in two parts; the first has 9 bits, so that n times it is exact.
    const Simd<float> r =
        fmadd(n, Simd<float>(2.12194440e-4F), fmadd(n, Simd<float>(-0.693359375F), x));
    Simd<float> q(0.001381432F);
    q = fmadd(q, r, Simd<float>(0.008368851F));
    q = fmadd(q, r, Simd<float>(0.0416684F));
    q = fmadd(q, r, Simd<float>(0.1666652F));
    q = fmadd(q, r, Simd<float>(0.49999994F));
    return {.half = Simd<float>::of_bits(half_bits), .rest = fmadd(r * r, q, r)};
}

DEEPGEN_ANYWHERE inline Exponential<double> exponential(Simd<double> x) {
    x = max(Simd<double>(-708.7), min(Simd<double>(710.0), x));

    const Simd<double> magic(0x1.8p52);
    const Simd<double> shifted = fmadd(x, Simd<double>(std::numbers::log2e), magic);
    const Simd<double> n = shifted - magic;
    const auto half_bits = (bits(shifted) << 52) + (std::int64_t{1022} << 52);

    // The first part of log 2 has 32 bits.
    const Simd<double> r =
        fmadd(n, Simd<double>(-0x1.a39ef35793c76p-33), fmadd(n, Simd<double>(-0x1.62e42feep-1), x));
    Simd<double> q(1.0 / 6227020800.0); // 1 / 13!
    for (const double coefficient :
         {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0,
          1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 1.0 / 2.0})
        q = fmadd(q, r, Simd<double>(coefficient));
    return {.half = Simd<double>::of_bits(half_bits), .rest = fmadd(r * r, q, r)};
}

template <class T>
DEEPGEN_ANYWHERE Simd<T> exp(Simd<T> x) {
    const auto [half, rest] = exponential(x);
    const Simd<T> result = fmadd(half, rest, half);
    return result + result;
}

// e^x - 1 with a small relative error near 0 too.
template <class T>
DEEPGEN_ANYWHERE Simd<T> expm1(Simd<T> x) {
    const auto [half, rest] = exponential(x);
    const Simd<T> result = fmadd(half, rest, half - Simd<T>(T(0.5)));
    return result + result;
}

// 1 / (1 + e^-x); the exponential's overflow gives 0.
template <class T>
DEEPGEN_ANYWHERE Simd<T> sigmoid(Simd<T> x) {
    return Simd<T>(1) / (Simd<T>(1) + exp(-x));
}

// tanh |x| = -d / (2 + d) with d = e^(-2 |x|) - 1: no overflow, and no cancellation near 0.
template <class T>
DEEPGEN_ANYWHERE Simd<T> tanh(Simd<T> x) {
    const Simd<T> d = expm1(Simd<T>(-2) * abs(x));
    const Simd<T> magnitude = d / (Simd<T>(-2) - d);
    return select(x < Simd<T>(0), -magnitude, magnitude);
}

// The standard normal distribution at x: Phi(x) and phi(x) = Phi'(x), which share an exponential.
template <class T>
struct Normal {
    Simd<T> cumulative;
    Simd<T> density;
};

// e^(-a^2 / 2) for 0 <= a <= 40, with what rounding a^2 loses (Dekker's product: the mask keeps the
// upper half of a's digits): the exponential would make it many units.
template <class T>
DEEPGEN_ANYWHERE Simd<T> bell(Simd<T> a, std::int64_t mask) {
    using Lane = typename Simd<T>::Lane;
    const Simd<T> head = Simd<T>::of_bits(bits(a) & static_cast<Lane>(mask));
    const Simd<T> tail = a - head;
    const Simd<T> square = a * a;
    const Simd<T> lost = (head * head - square) + Simd<T>(2) * head * tail + tail * tail;
    const Simd<T> rounded = exp(Simd<T>(T(-0.5)) * square);
    return fmadd(rounded, Simd<T>(T(-0.5)) * lost, rounded);
}

// From the tail e^(-a^2 / 2) R(a).
template <class T>
DEEPGEN_ANYWHERE Normal<T> normal_of(Simd<T> x, Simd<T> bell, Simd<T> ratio) {
    const Simd<T> beyond = bell * ratio;
    const T peak = static_cast<T>(0.398942280401432678); // 1 / sqrt(2 pi)
    return {.cumulative = select(x > Simd<T>(0), Simd<T>(1) - beyond, beyond),
            .density = Simd<T>(peak) * bell};
}

// R as a rational function whose coefficients are all positive.
DEEPGEN_ANYWHERE inline Normal<float> normal(Simd<float> x) {
    const Simd<float> a = min(Simd<float>(14.0F), abs(x)); // the tail is 0 from 13.2 on
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
    return normal_of(x, bell(a, ~std::int64_t{0xfff}), above / below);
}

// (1 + a) R as a polynomial in (a - 5) / (a + 5).
DEEPGEN_ANYWHERE inline Normal<double> normal(Simd<double> x) {
    const Simd<double> a = min(Simd<double>(40.0), abs(x)); // the tail is 0 from 37.6 on
    const Simd<double> t = (a - Simd<double>(5.0)) / (a + Simd<double>(5.0));
    Simd<double> ratio(-3.815816262632953e-10);
    for (const double coefficient :
         {-2.8220772290629865e-10, 4.4011596227599254e-09,  3.627373163401201e-09,
          -3.095201755804207e-08,  -2.6286205089898754e-08, 1.9627809920091187e-07,
          1.27878221820937e-07,    -1.3074486019237587e-06, -7.034644683537101e-08,
          9.05982468125664e-06,    -9.896097759279782e-06,  -5.36075811148722e-05,
          0.00018233414511643843,  7.791597409338999e-06,   -0.00167607234455447,
          0.006522000667783896,    -0.015170415402514863,   0.024536963243678652,
          -0.026401042966308307,   0.010002352385229382,    0.031030368425963708,
          -0.09155228183400904,    0.46151582985003775})
        ratio = fmadd(ratio, t, Simd<double>(coefficient));
    return normal_of(x, bell(a, ~std::int64_t{0x7ffffff}), ratio / (a + Simd<double>(1.0)));
}

// sin(2 pi s) for |s| <= 1/4. 4 s is exact, and the rest vanishes at 1/4.
DEEPGEN_ANYWHERE inline Simd<float> sine_of_quarter(Simd<float> s) {
    const Simd<float> z = s * s;
    Simd<float> q(-2.4785847F);
    q = fmadd(q, z, Simd<float>(4.6306433F));
    q = fmadd(q, z, Simd<float>(-4.8107108F));
    q = fmadd(q, z, Simd<float>(2.2831853F));
    return fmadd(s, q * fmadd(Simd<float>(-16.0F), z, Simd<float>(1.0F)), Simd<float>(4.0F) * s);
}

DEEPGEN_ANYWHERE inline Simd<double> sine_of_quarter(Simd<double> s) {
    const Simd<double> z = s * s;
    Simd<double> q(-0.0063019937640018119438);
    for (const double coefficient :
         {0.044463484569395616636, -0.23596643758844664156, 0.92866719715932717877,
          -2.5706266703648802185, 4.6334520676513607882, -4.8107373255263723826,
          2.2831853071795864752})
        q = fmadd(q, z, Simd<double>(coefficient));
    return fmadd(s, q * fmadd(Simd<double>(-16.0), z, Simd<double>(1.0)), Simd<double>(4.0) * s);
}

// The bit that is a number's sign.
template <class T>
inline constexpr auto sign_bit =
    static_cast<typename Simd<T>::Lane>(std::uint64_t{1} << (8 * sizeof(T) - 1));

template <class T>
DEEPGEN_ANYWHERE Simd<T> magnitude(Simd<T> x) {
    return Simd<T>::of_bits(bits(x) & static_cast<typename Simd<T>::Lane>(~sign_bit<T>));
}

// round(|t|) - |t|, exactly. Beyond 2^22 or 2^51 turns a float has no place for the angle, and t
// counts as whole turns.
template <class T>
DEEPGEN_ANYWHERE Simd<T> rest_of_turns(Simd<T> t) {
    constexpr T most = sizeof(T) == 4 ? T(4194304) : T(0x1p51);
    // A NaN passes.
    const Simd<T> below = max(Simd<T>(-most), Simd<T>::of_bits(bits(t) | sign_bit<T>));
    const Simd<T> magic(T(3) * most); // taking it off rounds to a whole number
    return below - ((below - magic) + magic);
}

// cos(2 pi t): near a zero of it the difference from 1/4 is exact.
template <class T>
DEEPGEN_ANYWHERE Simd<T> cosine_of_turns(Simd<T> t) {
    return sine_of_quarter(Simd<T>(T(0.25)) - magnitude(rest_of_turns(t)));
}

// Both at once; the sine to half a unit of 1.
template <class T>
struct Wave {
    Simd<T> cosine, minus_sine;
};

template <class T>
DEEPGEN_ANYWHERE Wave<T> wave_of_turns(Simd<T> t) {
    const Simd<T> rest = rest_of_turns(t), quarter(T(0.25));
    const Simd<T> to_zero = quarter - magnitude(rest);
    const Simd<T> size = sine_of_quarter(quarter - magnitude(to_zero));
    return {.cosine = sine_of_quarter(to_zero),
            .minus_sine = Simd<T>::of_bits(bits(size) ^ ((bits(t) ^ bits(rest)) & sign_bit<T>))};
}

} // namespace deepgen::DEEPGEN_PATH
