// A grid of blocks, one after the other; ThreadSanitizer's on two OS threads, so that it sees what
// blocks do to each other. Blocks of one OS thread are ordered to it, neighbours of two are not.

#pragma once

#include "block.hpp"
#include "denormals.hpp"

#include <thread>

#include <link.h>

namespace emulator {

#if defined(EMULATOR_TSAN)
inline constexpr unsigned n_multiprocessors = 2;
#else
inline constexpr unsigned n_multiprocessors = 1;
#endif

// Fills the __shared__ variables of this module with NaN. They are its zero-initialised
// thread-local variables, and besides them it has only those of the emulator.
inline void poison_static_shared() {
#if !(defined(__clang__) &&                                                                        \
      (defined(EMULATOR_ASAN) || defined(EMULATOR_TSAN))) // they have some too
    Multiprocessor *const own = here;
    dl_iterate_phdr(
        [](dl_phdr_info *module, std::size_t, void *mine) {
            for (int i = 0; i < module->dlpi_phnum; ++i) {
                const auto &segment = module->dlpi_phdr[i];
                char *const begin = static_cast<char *>(module->dlpi_tls_data);
                if (segment.p_type != PT_TLS || begin == nullptr || mine < begin ||
                    mine >= begin + segment.p_memsz)
                    continue;
                std::memset(begin + segment.p_filesz, 0xff, segment.p_memsz - segment.p_filesz);
                return 1;
            }
            return 0;
        },
        &here);
    here = own;
#endif
}

// Each n-th block from `first` on.
inline void run_blocks(Multiprocessor &multiprocessor, const Task &task, unsigned first,
                       unsigned n) {
    const FlushedDenormals flushed;
    here = &multiprocessor;
    for (unsigned long long block = first; block < count(task.grid); block += n) {
        poison_static_shared();
        multiprocessor.run(task, static_cast<unsigned>(block));
    }
    here = nullptr;
}

// One caller at a time. The multiprocessors keep their stacks for the next grid.
inline void run_grid(const Task &task) {
    static Multiprocessor multiprocessors[n_multiprocessors];
    if (n_multiprocessors == 1 || count(task.grid) == 1) {
        run_blocks(multiprocessors[0], task, 0, 1);
        return;
    }
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < n_multiprocessors; ++i)
        threads.emplace_back(
            [&, i] { run_blocks(multiprocessors[i], task, i, n_multiprocessors); });
}

} // namespace emulator
