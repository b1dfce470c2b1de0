// Threads: a team runs one function, meets at barriers, and splits work into contiguous shares.
//
// The team is an OpenMP region, so that OMP_NUM_THREADS and threadpoolctl are honoured and no
// second pool exists. The barrier is our own: it spins a moment and then yields. With another
// program on the cores, libgomp's barrier (and any that only spins) loses whole scheduler slices of
// 4 to 8 ms.

#pragma once

#include "engine/core/function_ref.hpp"
#include "engine/core/types.hpp"

#include <atomic>

namespace deepgen {

class Barrier {
  public:
    explicit Barrier(Index size) : size_(size) {}

    void wait();

    // How many threads meet here; only before the first of them waits.
    void expect(Index size) { size_ = size; }

  private:
    Index size_;
    alignas(cache_line) std::atomic<Index> arrived_{0};
    alignas(cache_line) std::atomic<Index> generation_{0};
};

struct IndexRange {
    Index begin;
    Index end;
};

// Who this thread is in its team.
struct Team {
    Index rank;
    Index size;
    Barrier *barrier;

    void wait() const {
        if (size > 1)
            barrier->wait();
    }
    [[nodiscard]] IndexRange share(Index n) const {
        return {n * rank / size, n * (rank + 1) / size};
    }
};

// The team of one: it never waits.
inline constexpr Team single_thread{0, 1, nullptr};

// Runs `work` on at most n_threads threads; the team counts those that really came.
// Exceptions must not leave `work`.
void parallel(Index n_threads, FunctionRef<void(const Team &)> work);

// OpenMP's limit now. A forked child gets 1: libgomp's threads do not survive fork, and a region in
// the child would wait for them for ever.
[[nodiscard]] Index max_threads();

// Denormals are flushed to zero while this lives, on x86 and ARM of 64 bits: a dead unit's moments
// would be denormal for ever after, and each operation on them costs a hundred cycles.
class FlushDenormals {
  public:
    [[nodiscard]] FlushDenormals();
    ~FlushDenormals();
    FlushDenormals(const FlushDenormals &) = delete;
    FlushDenormals &operator=(const FlushDenormals &) = delete;

  private:
    unsigned saved_;
};

} // namespace deepgen
