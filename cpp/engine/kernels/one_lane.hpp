// A register of one lane, for a thread of a device: what simd.hpp's does in a lane of AVX-512, bit
// for bit, so that formulas over registers give the same numbers there.
//
// Denormals are the business of whoever runs it: the engine flushes them, CUDA by -ftz=true.

#pragma once

#include "engine/core/anywhere.hpp"
#include "engine/core/types.hpp"

#include <bit>
#include <cmath>

#define DEEPGEN_PATH one_lane

namespace deepgen::one_lane {

template <class T>
struct Simd {
    using Mask = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    using Lane = Mask;

    static constexpr Index lanes = 1;

    T v;

    Simd() = default;
    DEEPGEN_ANYWHERE Simd(T value) : v(value) {}

    DEEPGEN_ANYWHERE static Simd load(const T *from) { return *from; }
    DEEPGEN_ANYWHERE void store(T *to) const { *to = v; }

    DEEPGEN_ANYWHERE static Simd of_bits(Mask bits) { return std::bit_cast<T>(bits); }
    DEEPGEN_ANYWHERE friend Mask bits(Simd a) { return std::bit_cast<Mask>(a.v); }

    DEEPGEN_ANYWHERE friend Simd operator+(Simd a, Simd b) { return a.v + b.v; }
    DEEPGEN_ANYWHERE friend Simd operator-(Simd a, Simd b) { return a.v - b.v; }
    DEEPGEN_ANYWHERE friend Simd operator*(Simd a, Simd b) { return a.v * b.v; }
    DEEPGEN_ANYWHERE friend Simd operator/(Simd a, Simd b) { return a.v / b.v; }
    DEEPGEN_ANYWHERE friend Simd operator-(Simd a) { return -a.v; }
    DEEPGEN_ANYWHERE friend Mask operator>(Simd a, Simd b) { return a.v > b.v ? ~Mask{0} : 0; }
    DEEPGEN_ANYWHERE friend Mask operator<(Simd a, Simd b) { return a.v < b.v ? ~Mask{0} : 0; }
    DEEPGEN_ANYWHERE Simd &operator+=(Simd b) { return *this = *this + b; }
    DEEPGEN_ANYWHERE Simd &operator*=(Simd b) { return *this = *this * b; }

    DEEPGEN_ANYWHERE friend Simd select(Mask mask, Simd yes, Simd no) { return mask ? yes : no; }
    // Where one is NaN, b. A denormal passes, which AVX-512 flushes: the next operation does.
    DEEPGEN_ANYWHERE friend Simd max(Simd a, Simd b) { return a.v > b.v ? a : b; }
    DEEPGEN_ANYWHERE friend Simd min(Simd a, Simd b) { return -max(-a, -b); }
    DEEPGEN_ANYWHERE friend Simd abs(Simd a) { return max(a, -a); }

    // By the names of C: those of std are not known on every device.
    DEEPGEN_ANYWHERE friend Simd fmadd(Simd a, Simd b, Simd c) {
        if constexpr (sizeof(T) == 4)
            return ::fmaf(a.v, b.v, c.v);
        else
            return ::fma(a.v, b.v, c.v);
    }
    DEEPGEN_ANYWHERE friend Simd sqrt(Simd a) {
        if constexpr (sizeof(T) == 4)
            return ::sqrtf(a.v);
        else
            return ::sqrt(a.v);
    }

    DEEPGEN_ANYWHERE double sum() const { return static_cast<double>(v); }
};

} // namespace deepgen::one_lane
