// The peak that a thread could reach: independent chains of fused multiply-adds, all in registers,
// nothing else. Enough chains to cover the latency of two units (4 cycles each), few enough for 16
// registers.

#pragma once

#include "engine/kernels/simd.hpp"

#include <algorithm>
#include <chrono>

namespace deepgen::DEEPGEN_PATH {

// GFLOP/s, the median of some short runs.
template <class T>
double fma_peak() {
    using Clock = std::chrono::steady_clock;
    constexpr Index repeats = 100000, chains = 12, runs = 7;
    volatile T unknown = 0; // read anew for each operand, or the compiler would merge the chains
    const auto start_value = [&unknown] { return Simd<T>(T(unknown)); };
    const Simd<T> x = start_value(), y = start_value();
    Simd<T> s0 = start_value(), s1 = start_value(), s2 = start_value(), s3 = start_value();
    Simd<T> s4 = start_value(), s5 = start_value(), s6 = start_value(), s7 = start_value();
    Simd<T> s8 = start_value(), s9 = start_value(), s10 = start_value(), s11 = start_value();
    double rates[runs];
    for (double &rate : rates) {
        const auto start = Clock::now();
        for (Index i = 0; i < repeats; ++i) {
            s0 = fmadd(x, y, s0);
            s1 = fmadd(x, y, s1);
            s2 = fmadd(x, y, s2);
            s3 = fmadd(x, y, s3);
            s4 = fmadd(x, y, s4);
            s5 = fmadd(x, y, s5);
            s6 = fmadd(x, y, s6);
            s7 = fmadd(x, y, s7);
            s8 = fmadd(x, y, s8);
            s9 = fmadd(x, y, s9);
            s10 = fmadd(x, y, s10);
            s11 = fmadd(x, y, s11);
        }
        const std::chrono::duration<double> seconds = Clock::now() - start;
        rate = 2e-9 * static_cast<double>(repeats * chains * Simd<T>::lanes) / seconds.count();
    }
    [[maybe_unused]] const volatile double used =
        (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11).sum();
    std::sort(rates, rates + runs);
    return rates[runs / 2];
}

} // namespace deepgen::DEEPGEN_PATH
