#include "engine/core/parallel.hpp"

#include <algorithm>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__SANITIZE_THREAD__)
// ThreadSanitizer cannot see libgomp's synchronisation; plain threads show it only what is ours.
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

std::atomic<pid_t> process_of_last_region{0};

} // namespace

void Barrier::wait() {
    const Index generation = generation_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.store(generation + 1, std::memory_order_release);
        return;
    }
    for (int i = 0; generation_.load(std::memory_order_acquire) == generation; ++i) {
        if (i < spins)
            pause();
        else
            std::this_thread::yield();
    }
}

Index max_threads() {
    const pid_t last = process_of_last_region.load(std::memory_order_relaxed);
    if (last != 0 && last != getpid())
        return 1;
#if defined(__SANITIZE_THREAD__)
    return 3;
#else
    return omp_get_max_threads();
#endif
}

void parallel(Index n_threads, FunctionRef<void(const Team &)> work) {
    const pid_t last = process_of_last_region.load(std::memory_order_relaxed);
    const bool forked = last != 0 && last != getpid();
    if (n_threads <= 1 || forked) {
        Barrier alone(1);
        work(Team{0, 1, &alone});
        return;
    }
    process_of_last_region.store(getpid(), std::memory_order_relaxed);
#if defined(__SANITIZE_THREAD__)
    Barrier barrier(n_threads);
    std::vector<std::jthread> threads;
    for (Index rank = 0; rank < n_threads; ++rank)
        threads.emplace_back([&, rank] { work(Team{rank, n_threads, &barrier}); });
#else
    Barrier barrier(n_threads);
#pragma omp parallel num_threads(static_cast<int>(n_threads))
    {
        const Index size = omp_get_num_threads();
#pragma omp single
        barrier.expect(size);
        work(Team{omp_get_thread_num(), size, &barrier});
    }
#endif
}

FlushDenormals::FlushDenormals() : saved_(0) {
#if defined(__SSE2__)
    saved_ = _mm_getcsr();
    _mm_setcsr(saved_ | 0x8040u); // flush-to-zero and denormals-are-zero
#endif
}

FlushDenormals::~FlushDenormals() {
#if defined(__SSE2__)
    _mm_setcsr(saved_);
#endif
}

} // namespace deepgen
