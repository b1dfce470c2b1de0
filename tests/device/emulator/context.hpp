// Stacks that an OS thread runs by turns, and the switch from one to another.
//
// The sanitizers are told of each switch. ThreadSanitizer sees a stack as a thread of its own, so
// it finds what two threads of a block do to a number without meeting in between.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMULATOR_ASAN
#elif __has_feature(thread_sanitizer)
#define EMULATOR_TSAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define EMULATOR_ASAN
#elif defined(__SANITIZE_THREAD__)
#define EMULATOR_TSAN
#endif

#if defined(EMULATOR_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(EMULATOR_TSAN)
#include <sanitizer/tsan_interface.h>
// What the emulator does between two turns is no access of the kernel's.
#define EMULATOR_UNSEEN __attribute__((no_sanitize("thread")))
#else
#define EMULATOR_UNSEEN
#endif

#if !defined(__x86_64__) || !defined(__ELF__)
#define EMULATOR_UCONTEXT
#endif
#if defined(EMULATOR_UCONTEXT)
#include <ucontext.h>
#else
// Saves what a callee must keep and takes up another stack. The modes of the floating-point unit
// stay as they are: a launch sets them for all its threads. The processor foresees where a jump
// goes, and not where a return on another stack does: 9 ns for a thread and a barrier, not 37.
extern "C" void emulator_switch_stacks(void **from, void *to);
asm(R"(
.text
.p2align 4
.weak emulator_switch_stacks
.hidden emulator_switch_stacks
.type emulator_switch_stacks,@function
emulator_switch_stacks:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmpq *%rcx
.size emulator_switch_stacks, .-emulator_switch_stacks
)");
#endif

namespace emulator {

[[noreturn]] inline void fail(const char *what) {
    std::fprintf(stderr, "kernel: %s\n", what);
    std::abort();
}

// ThreadSanitizer's order of events: what came before a `happens` comes before what follows the
// `happened` of the same tag.
inline void happens([[maybe_unused]] void *tag) {
#if defined(EMULATOR_TSAN)
    __tsan_release(tag);
#endif
}

inline void happened([[maybe_unused]] void *tag) {
#if defined(EMULATOR_TSAN)
    __tsan_acquire(tag);
#endif
}

// Memory for a stack, above as much that ends the process when it is touched.
class Stack {
  public:
#if defined(EMULATOR_ASAN) || defined(EMULATOR_TSAN)
    static constexpr std::size_t size = std::size_t{512} << 10;
#else
    static constexpr std::size_t size = std::size_t{256} << 10;
#endif

    Stack() {
        void *const memory = mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory, size, PROT_NONE) != 0)
            fail("no memory for the stack of a thread");
        memory_ = static_cast<char *>(memory);
    }
    ~Stack() { munmap(memory_, 2 * size); }
    Stack(const Stack &) = delete;
    Stack &operator=(const Stack &) = delete;

    [[nodiscard]] char *bottom() const { return memory_ + size; }

  private:
    char *memory_;
};

// Where the execution of a stack rests.
struct Context {
#if defined(EMULATOR_UCONTEXT)
    ucontext_t registers;
#else
    void *stack_pointer = nullptr;
#endif
    const void *bottom = nullptr;
    std::size_t size = 0;
    void *fake_stack = nullptr; // AddressSanitizer's
    void *fiber = nullptr;      // ThreadSanitizer's
};

// The first call of a stack is `entry`, which may not return.
inline void begin(Context &context, const Stack &stack, void (*entry)()) {
    context.bottom = stack.bottom();
    context.size = Stack::size;
#if defined(EMULATOR_UCONTEXT)
    getcontext(&context.registers);
    context.registers.uc_stack.ss_sp = stack.bottom();
    context.registers.uc_stack.ss_size = context.size;
    context.registers.uc_link = nullptr;
    makecontext(&context.registers, entry, 0);
#else
    // As emulator_switch_stacks leaves it: six registers, the address to go on at, and above it a
    // caller that does not exist.
    void **const top = reinterpret_cast<void **>(stack.bottom() + context.size);
    top[-1] = nullptr;
    top[-2] = reinterpret_cast<void *>(entry);
    for (int i = 3; i <= 8; ++i)
        top[-i] = nullptr;
    context.stack_pointer = top - 8;
#endif
#if defined(EMULATOR_TSAN)
    if (context.fiber == nullptr)
        context.fiber = __tsan_create_fiber(0);
#endif
}

inline void end([[maybe_unused]] Context &context) {
#if defined(EMULATOR_TSAN)
    if (context.fiber != nullptr)
        __tsan_destroy_fiber(context.fiber);
#endif
}

// To be called first by what runs on a stack; `from` is where it was switched to from.
EMULATOR_UNSEEN inline void arrive([[maybe_unused]] Context &at, [[maybe_unused]] Context &from) {
#if defined(EMULATOR_ASAN)
    __sanitizer_finish_switch_fiber(at.fake_stack, &from.bottom, &from.size);
#endif
}

// Leaves `from` for `to`, and returns when `to` comes back.
EMULATOR_UNSEEN inline void switch_to(Context &to, Context &from, [[maybe_unused]] bool for_good) {
#if defined(EMULATOR_TSAN)
    __tsan_switch_to_fiber(to.fiber, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(EMULATOR_ASAN)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake_stack, to.bottom, to.size);
#endif
#if defined(EMULATOR_UCONTEXT)
    swapcontext(&from.registers, &to.registers);
#else
    emulator_switch_stacks(&from.stack_pointer, to.stack_pointer);
#endif
    arrive(from, to);
}

} // namespace emulator
