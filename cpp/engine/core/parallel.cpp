// Threads by OpenMP, the barrier, and the state of the floating-point unit.

#include "engine/core/parallel.hpp"

#include "engine/core/affordable_threads.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

#if defined(__SANITIZE_THREAD__)
// ThreadSanitizer cannot see libgomp's synchronisation; plain threads show it only what is ours.
#include <vector>
#else
#include <omp.h>
#endif

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace deepgen {
namespace {

constexpr int spins = 400;

void pause() {
#if defined(__SSE2__)
    _mm_pause();
#endif
}

// Whether this process was forked from the one that loaded the engine. The team that a fork loses
// need not be ours: every library in the process that uses the same libgomp shares it. The number
// of the process does not tell: in a namespace of its own the child may have its parent's.
std::atomic<bool> is_forked{false};

#if __has_include(<pthread.h>)
[[maybe_unused]] const int at_fork = pthread_atfork(nullptr, nullptr, [] { is_forked = true; });
#endif

// The word that controls the floating-point unit, where its bits for denormals are known.
#if defined(__SSE2__)
constexpr unsigned flush_to_zero = 0x8040u; // and denormals-are-zero

unsigned control_word() {
    return _mm_getcsr();
}
void set_control_word(unsigned word) {
    _mm_setcsr(word);
}
#elif defined(__aarch64__)
constexpr unsigned flush_to_zero = 1u << 24; // of results and of operands

unsigned control_word() {
    std::uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return static_cast<unsigned>(word);
}
void set_control_word(unsigned word) {
    __asm__ volatile("msr fpcr, %0" : : "r"(std::uint64_t{word}));
}
#else
constexpr unsigned flush_to_zero = 0;

unsigned control_word() {
    return 0;
}
void set_control_word(unsigned) {}
#endif

} // namespace

void Barrier::wait() {
    const Index generation = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.store(generation + 1, std::memory_order_release);
        return;
    }
    for (int left = spins; generation_.load(std::memory_order_acquire) == generation;) {
        if (left > 0) {
            --left;
            pause();
        } else
            std::this_thread::yield();
    }
}

Index max_threads() {
    if (is_forked)
        return 1;
#if defined(__SANITIZE_THREAD__)
    return 3;
#else
    return omp_get_max_threads();
#endif
}

void parallel(Index n_threads, FunctionRef<void(const Team &)> work_) {
    // What slips out ends the process here, on one thread as on many.
    const auto work = [&](const Team &team) noexcept { work_(team); };
    if (n_threads <= 1 || is_forked) {
        work(single_thread);
        return;
    }
    n_threads = affordable_threads(n_threads);
    Barrier barrier(n_threads);
#if defined(__SANITIZE_THREAD__)
    std::vector<std::jthread> threads;
    for (Index rank = 0; rank < n_threads; ++rank)
        threads.emplace_back([&, rank] { work(Team{rank, n_threads, &barrier}); });
#else
#pragma omp parallel num_threads(static_cast<int>(n_threads))
    {
        const Index size = omp_get_num_threads();
#pragma omp single
        barrier.expect(size);
        work(Team{omp_get_thread_num(), size, &barrier});
    }
#endif
}

FlushDenormals::FlushDenormals() : saved_(control_word()) {
    set_control_word(saved_ | flush_to_zero);
}

FlushDenormals::~FlushDenormals() {
    set_control_word(saved_);
}

} // namespace deepgen
