// Asks the system for threads before OpenMP does, which ends the process when it does not get one.

#include "engine/core/affordable_threads.hpp"

#if __has_include(<pthread.h>)

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace deepgen {
namespace {

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
// for live at the same time.
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

} // namespace

// The system is asked whenever this thread's team grows: libgomp keeps a team for each thread that
// had one, and lets go of those that a smaller team does not need.
Index affordable_threads(Index n) {
    thread_local Index team = 1;
    if (n > team)
        n = granted_threads(n);
    return team = n;
}

} // namespace deepgen

#else

namespace deepgen {

Index affordable_threads(Index n) {
    return n;
}

} // namespace deepgen

#endif
