// One SIMD register as a value: GCC and Clang vector extensions, with intrinsics only where the
// extensions have no word for it (fused multiply-add, square root).
//
// The flags of the translation unit decide the width. Each path includes this header on its own,
// and everything that is built on it lives in the path's namespace: an inline function shared
// between paths would be compiled with one path's flags and run on another's machine.
//
// With DEEPGEN_ONE_LANE the register has one lane, and all of it compiles for a thread of a device.

#pragma once

#if defined(DEEPGEN_ONE_LANE)
#include "engine/kernels/one_lane.hpp"
#else

#include "engine/core/anywhere.hpp"
#include "engine/core/types.hpp"

#include <cmath>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Which instructions may be named below, the path's name and the size of its registers. The
// geometry of AVX-512 can also be built from generic vectors, so that a machine without it can test
// tiles, tails and transposes.
#if defined(DEEPGEN_EMULATE_AVX512)
#define DEEPGEN_PATH avx512
#define DEEPGEN_REGISTER_BYTES 64
#elif defined(__AVX512BF16__)
#define DEEPGEN_USE_AVX512
#define DEEPGEN_PATH avx512_bfloat16
#define DEEPGEN_REGISTER_BYTES 64
#elif defined(__AVX512F__)
#define DEEPGEN_USE_AVX512
#define DEEPGEN_PATH avx512
#define DEEPGEN_REGISTER_BYTES 64
#elif defined(__AVX2__) && defined(__FMA__)
#define DEEPGEN_USE_AVX2
#define DEEPGEN_PATH avx2
#define DEEPGEN_REGISTER_BYTES 32
#else
#if defined(__SSE2__)
#define DEEPGEN_USE_SSE2
#endif
#define DEEPGEN_PATH portable
#define DEEPGEN_REGISTER_BYTES 16
#endif

#define DEEPGEN_INLINE inline __attribute__((always_inline))

namespace deepgen::DEEPGEN_PATH {

inline constexpr Index register_bytes = DEEPGEN_REGISTER_BYTES;

// Spelled out for each scalar: GCC 12 forgets vector_size on a type that depends on a template
// parameter.
template <class T>
struct Register;
template <>
struct Register<float> {
    typedef float Lanes __attribute__((vector_size(register_bytes)));
    typedef std::int32_t Mask __attribute__((vector_size(register_bytes)));
    typedef std::uint32_t Words __attribute__((vector_size(register_bytes)));
    typedef float Half __attribute__((vector_size(register_bytes / 2)));
};
template <>
struct Register<double> {
    typedef double Lanes __attribute__((vector_size(register_bytes)));
    typedef std::int64_t Mask __attribute__((vector_size(register_bytes)));
    typedef std::uint32_t Words __attribute__((vector_size(register_bytes / 2)));
};

template <class T>
struct Simd {
    using Lanes = typename Register<T>::Lanes;
    using Mask = typename Register<T>::Mask;   // all bits of a lane set, or none
    using Words = typename Register<T>::Words; // 32 bits for each lane
    using Lane = std::remove_reference_t<decltype(Mask{}[0])>;

    static constexpr Index lanes = register_bytes / static_cast<Index>(sizeof(T));

    Lanes v;

    Simd() = default;
    Simd(Lanes lanes_) : v(lanes_) {}
    Simd(T value)
        : v(value - Lanes{}) {
    } // implicit, so that formulas read as on paper; x - 0 keeps -0, x + 0 not

    static Simd load(const T *from) {
        Simd x;
        std::memcpy(&x.v, from, register_bytes);
        return x;
    }
    void store(T *to) const { std::memcpy(to, &v, register_bytes); }

    // The bits of each lane as a whole number, and back.
    static Simd of_bits(Mask bits) { return reinterpret_cast<Lanes>(bits); }
    friend Mask bits(Simd a) { return reinterpret_cast<Mask>(a.v); }

    friend Simd operator+(Simd a, Simd b) { return a.v + b.v; }
    friend Simd operator-(Simd a, Simd b) { return a.v - b.v; }
    friend Simd operator*(Simd a, Simd b) { return a.v * b.v; }
    friend Simd operator/(Simd a, Simd b) { return a.v / b.v; }
    friend Simd operator-(Simd a) { return -a.v; }
    friend Mask operator>(Simd a, Simd b) { return a.v > b.v; }
    friend Mask operator<(Simd a, Simd b) { return a.v < b.v; }
    Simd &operator+=(Simd b) { return *this = *this + b; }
    Simd &operator*=(Simd b) { return *this = *this * b; }

    friend Simd select(Mask mask, Simd yes, Simd no) { return mask ? yes.v : no.v; }
    // a > b ? a : b, as the instruction has it: where one is NaN, b.
    friend Simd max(Simd a, Simd b) {
#if defined(DEEPGEN_USE_AVX512)
        if constexpr (sizeof(T) == 4)
            return _mm512_maskz_max_ps(0xffff, a.v, b.v);
        else
            return _mm512_maskz_max_pd(0xff, a.v, b.v);
#elif defined(DEEPGEN_USE_AVX2)
        if constexpr (sizeof(T) == 4)
            return _mm256_max_ps(a.v, b.v);
        else
            return _mm256_max_pd(a.v, b.v);
#elif defined(DEEPGEN_USE_SSE2)
        if constexpr (sizeof(T) == 4)
            return _mm_max_ps(a.v, b.v);
        else
            return _mm_max_pd(a.v, b.v);
#else
        return select(a > b, a, b);
#endif
    }
    friend Simd min(Simd a, Simd b) { return -max(-a, -b); }
    friend Simd abs(Simd a) { return max(a, -a); }

    // a * b + c. Fused where the path has it, or the one that is emulated; never left to the
    // compiler, so that every tile shape rounds alike.
    friend Simd fmadd(Simd a, Simd b, Simd c) {
#if defined(DEEPGEN_EMULATE_AVX512)
        Simd result;
        for (Index i = 0; i < lanes; ++i)
            result.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
        return result;
#else
        if constexpr (sizeof(T) == 4) {
#if defined(DEEPGEN_USE_AVX512)
            return _mm512_fmadd_ps(a.v, b.v, c.v);
#elif defined(DEEPGEN_USE_AVX2)
            return _mm256_fmadd_ps(a.v, b.v, c.v);
#else
            return a.v * b.v + c.v;
#endif
        } else {
#if defined(DEEPGEN_USE_AVX512)
            return _mm512_fmadd_pd(a.v, b.v, c.v);
#elif defined(DEEPGEN_USE_AVX2)
            return _mm256_fmadd_pd(a.v, b.v, c.v);
#else
            return a.v * b.v + c.v;
#endif
        }
#endif
    }

    friend Simd sqrt(Simd a) {
#if defined(DEEPGEN_USE_AVX512)
        if constexpr (sizeof(T) == 4)
            return _mm512_maskz_sqrt_ps(0xffff,
                                        a.v); // the unmasked one trips GCC 12's -Wuninitialized
        else
            return _mm512_maskz_sqrt_pd(0xff, a.v);
#elif defined(DEEPGEN_USE_AVX2)
        if constexpr (sizeof(T) == 4)
            return _mm256_sqrt_ps(a.v);
        else
            return _mm256_sqrt_pd(a.v);
#elif defined(DEEPGEN_USE_SSE2)
        if constexpr (sizeof(T) == 4)
            return _mm_sqrt_ps(a.v);
        else
            return _mm_sqrt_pd(a.v);
#else
        return a.each([](T x) { return std::sqrt(x); });
#endif
    }

    // Lane by lane through a scalar function, where a path has no instruction.
    template <class Function>
    Simd each(Function function) const {
        Simd result;
        for (Index i = 0; i < lanes; ++i)
            result.v[i] = function(v[i]);
        return result;
    }

    // The sum of the lanes: halves of the register are added until four values are left, or two.
    double sum() const {
        typedef T Quarter __attribute__((vector_size(16)));
        constexpr Index n_quarters = register_bytes / 16, n = 16 / static_cast<Index>(sizeof(T));
        Quarter quarters[n_quarters];
        std::memcpy(quarters, &v, register_bytes);
#pragma GCC unroll 4
        for (Index half = n_quarters / 2; half > 0; half /= 2)
#pragma GCC unroll 4
            for (Index i = 0; i < half; ++i)
                quarters[i] += quarters[i + half];
        const Quarter left = quarters[0];
        if constexpr (n == 4)
            return static_cast<double>((left[0] + left[2]) + (left[1] + left[3]));
        else
            return static_cast<double>(left[0] + left[1]);
    }
};

// Elements `from` of (a, b) side by side.
template <Index... from, class T>
DEEPGEN_INLINE Simd<T> shuffle(Simd<T> a, Simd<T> b) {
#if __has_builtin(__builtin_shufflevector)
    return __builtin_shufflevector(a.v, b.v, from...);
#else // GCC 11
    return __builtin_shuffle(a.v, b.v, typename Simd<T>::Mask{from...});
#endif
}

} // namespace deepgen::DEEPGEN_PATH

#endif
