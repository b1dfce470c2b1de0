// Threads by OpenMP, the barrier, and the state of the floating-point unit.

#include "engine/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#if __has_include(<pthread.h>)
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <pthread.h>
#include <vector>
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

#if !defined(__SANITIZE_THREAD__)

// The stack of libgomp's threads in bytes; 0 where it has the system's.
std::size_t stack_bytes() {
    for (const char *name : {"OMP_STACKSIZE", "GOMP_STACKSIZE"})
        if (const char *text = std::getenv(name)) {
            char *end;
            const double number = std::strtod(text, &end);
            constexpr const char *units = "bkmgBKMG";
            const char *unit = *end == '\0' ? units + 1 : std::strchr(units, *end);
            const double bytes =
                unit == nullptr ? 0.0
                                : std::ldexp(number, static_cast<int>((unit - units) % 4 * 10));
            if (bytes > 0.0)
                return static_cast<std::size_t>(std::min(bytes, 0x1p62));
        }
    return 0;
}

// How many threads, up to n, the system grants to this one, itself included: those that are asked
// for live at the same time. libgomp ends the process when it does not get a thread.
Index granted_threads(Index n) {
    struct Gate {
        std::mutex mutex;
        std::condition_variable opens;
        bool open = false;
    } gate;
    const auto wait = [](void *argument) -> void * {
        auto &at = *static_cast<Gate *>(argument);
        std::unique_lock lock(at.mutex);
        at.opens.wait(lock, [&] { return at.open; });
        return nullptr;
    };
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return 1;
    // Too small a stack is refused here, and libgomp keeps the system's as well.
    if (const std::size_t bytes = stack_bytes(); bytes > 0)
        pthread_attr_setstacksize(&attributes, bytes);
    std::vector<pthread_t> threads;
    threads.reserve(as_size(n));
    for (pthread_t thread; static_cast<Index>(threads.size()) < n - 1;) {
        if (pthread_create(&thread, &attributes, wait, &gate) != 0)
            break;
        threads.push_back(thread);
    }
    pthread_attr_destroy(&attributes);
    {
        const std::lock_guard lock(gate.mutex);
        gate.open = true;
    }
    gate.opens.notify_all();
    for (const pthread_t thread : threads)
        pthread_join(thread, nullptr);
    return static_cast<Index>(threads.size()) + 1;
}

// As many of n threads as the system grants. It is asked when this thread's team first grows, for
// libgomp keeps a team for each thread that had one.
Index affordable_threads(Index n) {
    thread_local Index asked = 1, granted = 1;
    if (n > asked) {
        granted = granted_threads(n);
        asked = n;
    }
    return std::min(n, granted);
}

#endif

#elif !defined(__SANITIZE_THREAD__)

Index affordable_threads(Index n) {
    return n;
}

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
#if !defined(__SANITIZE_THREAD__)
    n_threads = affordable_threads(n_threads);
#endif
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
