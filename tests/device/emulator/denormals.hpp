// Denormals are flushed to zero in kernels, as the engine and nvcc's -ftz=true flush them.

#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace emulator {

// While it lives, of operands and of results. On a device only float32 is flushed, here float64
// is too: as in the engine.
class FlushedDenormals {
  public:
    FlushedDenormals() : saved_(word()) { set_word(saved_ | flush_to_zero); }
    ~FlushedDenormals() { set_word(saved_); }
    FlushedDenormals(const FlushedDenormals &) = delete;
    FlushedDenormals &operator=(const FlushedDenormals &) = delete;

  private:
#if defined(__SSE2__)
    static constexpr std::uint64_t flush_to_zero = 0x8040;
    static std::uint64_t word() { return _mm_getcsr(); }
    static void set_word(std::uint64_t word) { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
    static constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24;
    static std::uint64_t word() {
        std::uint64_t word;
        asm volatile("mrs %0, fpcr" : "=r"(word));
        return word;
    }
    static void set_word(std::uint64_t word) { asm volatile("msr fpcr, %0" : : "r"(word)); }
#endif

    std::uint64_t saved_;
};

} // namespace emulator
