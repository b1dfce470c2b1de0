// A block of threads on one OS thread: each of its threads has a stack, and runs until it has to
// wait for others.

#pragma once

#include "context.hpp"
#include "geometry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

inline constexpr unsigned warp_size = 32;
inline constexpr unsigned max_threads = 1024;

using Place = std::source_location;

// In which order the threads of a block get their turns; a right kernel gives the same bits in all.
enum class Order { rising, falling, shuffled };

// DEEPGEN_EMULATED_ORDER.
inline Order order_asked_for() {
    const char *const value = std::getenv("DEEPGEN_EMULATED_ORDER");
    const std::string_view name = value == nullptr ? "rising" : value;
    if (name == "rising")
        return Order::rising;
    if (name == "falling")
        return Order::falling;
    if (name == "shuffled")
        return Order::shuffled;
    fail("DEEPGEN_EMULATED_ORDER is none of rising, falling, shuffled");
}

struct Thread {
    Stack stack;
    Context context;
    unsigned rank = 0;
    uint3 index{};
    bool returned = false, waits = false;
    Place place; // of the meeting that it waits at
    // At a meeting of a warp: the bits that it offers, the lane whose bits it wants, what it gets.
    std::uint64_t offer = 0, gets = 0;
    unsigned wants = 0, ballot = 0;

    Thread() = default;
    ~Thread() { end(context); }
    Thread(const Thread &) = delete;
    Thread &operator=(const Thread &) = delete;
};

// What a launch asks of each block.
struct Task {
    dim3 grid, block;
    std::size_t shared_bytes;
    void (*kernel)(const void *arguments); // as one thread calls it
    const void *arguments;
};

// Threads that wait for each other. Their number of rounds tells whose events come before whose: a
// thread can be one round ahead of another, not two.
struct Meeting {
    unsigned n_waiting = 0;
    unsigned mask = 0; // of a warp's lanes
    const Thread *first = nullptr;
    unsigned round = 0;
    char tags[2] = {};

    char *tag() { return &tags[round % 2]; }
};

// Of a warp: meetings of disjoint sets of lanes do not disturb each other, so each has the place of
// its lowest lane.
struct Warp {
    Meeting meetings[warp_size];
};

class Multiprocessor {
  public:
    void run(const Task &task, unsigned block);

    EMULATOR_UNSEEN Thread &now() { return *now_; }
    [[nodiscard]] const uint3 &block_index() const { return block_index_; }
    [[nodiscard]] const Task &task() const { return *task_; }
    [[nodiscard]] void *dynamic_shared() const { return shared_.get(); }

    void meet_block(const Place &place);
    // The lanes of the mask meet; each gets what the lane offered that it wants.
    void meet_warp(unsigned mask, std::uint64_t offer, unsigned wants, const Place &place);
    // The same, and what they wrote to memory before is seen by all.
    void sync_warp(unsigned mask, const Place &place);

  private:
    static void entry();
    void prepare();
    void take_turns();
    void shuffle();
    void wait(Meeting &meeting, const Place &place);
    Meeting &meeting_of(unsigned &mask, const Place &place);
    void exchange(unsigned mask);
    [[noreturn]] void fail_waiting();
    [[noreturn]] void fail_apart(const char *what, const Thread &one, const Place &other);

    std::vector<std::unique_ptr<Thread>> threads_;
    std::vector<Thread *> turns_;
    std::vector<Warp> warps_;
    std::unique_ptr<std::byte[]> shared_;
    std::size_t shared_bytes_ = 0;
    Meeting whole_block_;
    const Task *task_ = nullptr;
    uint3 block_index_{};
    unsigned n_threads_ = 0;
    std::uint64_t random_ = 1;
    Thread *now_ = nullptr;
    Context home_;
    char start_ = 0, end_ = 0; // tags
};

// The one that the calling OS thread plays.
inline constinit thread_local Multiprocessor *here = nullptr;

inline void Multiprocessor::run(const Task &task, unsigned block) {
    task_ = &task;
    block_index_ = index_of(block, task.grid);
    n_threads_ = static_cast<unsigned>(count(task.block));
    prepare();
    happens(&start_);
    take_turns();
    happened(&end_);
}

inline void Multiprocessor::prepare() {
    while (threads_.size() < n_threads_)
        threads_.push_back(std::make_unique<Thread>());
    turns_.resize(n_threads_);
    const Order order = order_asked_for();
    for (unsigned rank = 0; rank < n_threads_; ++rank) {
        Thread &thread = *threads_[rank];
        begin(thread.context, thread.stack, entry);
        thread.rank = rank;
        thread.index = index_of(rank, task_->block);
        thread.returned = thread.waits = false;
        turns_[order == Order::falling ? n_threads_ - 1 - rank : rank] = &thread;
    }
    random_ = order == Order::shuffled ? 1 : 0;
    whole_block_ = {};
    warps_.assign((n_threads_ + warp_size - 1) / warp_size, {});
    // Exactly so large, for AddressSanitizer.
    if (shared_bytes_ != task_->shared_bytes) {
        shared_bytes_ = task_->shared_bytes;
        shared_.reset(new std::byte[shared_bytes_]);
    }
    std::fill_n(shared_.get(), shared_bytes_, std::byte{0xff}); // NaN
#if defined(EMULATOR_TSAN)
    home_.fiber = __tsan_get_current_fiber();
#endif
}

// A round of turns after the other, until all have returned.
EMULATOR_UNSEEN inline void Multiprocessor::take_turns() {
    Thread **const turns = turns_.data();
    for (unsigned left = n_threads_; left > 0;) {
        if (random_ != 0)
            shuffle();
        bool moved = false;
        for (unsigned turn = 0; turn < n_threads_; ++turn) {
            Thread &thread = *turns[turn];
            if (thread.returned || thread.waits)
                continue;
            now_ = &thread;
            switch_to(thread.context, home_, false);
            moved = true;
            left -= thread.returned;
        }
        if (!moved)
            fail_waiting();
    }
}

inline void Multiprocessor::shuffle() {
    for (unsigned i = n_threads_ - 1; i > 0; --i) {
        random_ = random_ * 6364136223846793005u + 1442695040888963407u; // Knuth's MMIX
        std::swap(turns_[i], turns_[(random_ >> 33) % (i + 1)]);
    }
}

EMULATOR_UNSEEN inline void Multiprocessor::entry() {
    Multiprocessor &own = *here;
    Thread &thread = *own.now_;
    thread.context.fake_stack = nullptr;
    arrive(thread.context, own.home_);
    happened(&own.start_);
    own.task_->kernel(own.task_->arguments);
    happens(&own.end_);
    thread.returned = true;
    switch_to(own.home_, thread.context, true);
}

// Until the last of the meeting has come.
EMULATOR_UNSEEN inline void Multiprocessor::wait(Meeting &meeting, const Place &place) {
    Thread &thread = *now_;
    thread.place = place;
    thread.waits = true;
    if (meeting.n_waiting++ == 0)
        meeting.first = &thread;
    switch_to(home_, thread.context, false);
}

EMULATOR_UNSEEN inline void Multiprocessor::meet_block(const Place &place) {
    Meeting &meeting = whole_block_;
    if (meeting.n_waiting > 0 && (meeting.first->place.line() != place.line() ||
                                  meeting.first->place.column() != place.column() ||
                                  std::strcmp(meeting.first->place.file_name(), place.file_name())))
        fail_apart("threads wait at different __syncthreads", *meeting.first, place);
    char *const tag = meeting.tag();
    happens(tag);
    if (meeting.n_waiting + 1 < n_threads_)
        wait(meeting, place);
    else {
        for (unsigned rank = 0; rank < n_threads_; ++rank)
            threads_.data()[rank]->waits = false;
        meeting.n_waiting = 0;
        ++meeting.round;
    }
    happened(tag);
}

// Cuts the lanes off that a last warp does not have.
EMULATOR_UNSEEN inline Meeting &Multiprocessor::meeting_of(unsigned &mask, const Place &place) {
    const unsigned number = now_->rank / warp_size, lane = now_->rank % warp_size;
    const unsigned n_lanes = n_threads_ - number * warp_size;
    if (n_lanes < warp_size)
        mask &= (1u << n_lanes) - 1;
    if ((mask >> lane & 1) == 0)
        fail_apart("a lane is not in its own mask", *now_, place);
    Meeting &meeting = warps_.data()[number].meetings[std::countr_zero(mask) % warp_size];
    if (meeting.n_waiting > 0 && meeting.mask != mask)
        fail_apart("lanes of a warp meet with different masks", *meeting.first, place);
    meeting.mask = mask;
    return meeting;
}

EMULATOR_UNSEEN inline void Multiprocessor::meet_warp(unsigned mask, std::uint64_t offer,
                                                      unsigned wants, const Place &place) {
    Meeting &meeting = meeting_of(mask, place);
    if (wants >= warp_size || (mask >> wants & 1) == 0)
        fail_apart("a lane wants the value of one that is not in the mask", *now_, place);
    now_->offer = offer;
    now_->wants = wants;
    if (meeting.n_waiting + 1 < static_cast<unsigned>(std::popcount(mask)))
        wait(meeting, place);
    else {
        exchange(mask);
        meeting.n_waiting = 0;
        ++meeting.round;
    }
}

// Shuffles and votes pass values and order nothing in memory; only this does.
EMULATOR_UNSEEN inline void Multiprocessor::sync_warp(unsigned mask, const Place &place) {
    char *const tag = meeting_of(mask, place).tag();
    happens(tag);
    meet_warp(mask, 0, now_->rank % warp_size, place);
    happened(tag);
}

// By the last of the mask that came, for all of them.
EMULATOR_UNSEEN inline void Multiprocessor::exchange(unsigned mask) {
    std::unique_ptr<Thread> *const lanes = threads_.data() + now_->rank / warp_size * warp_size;
    unsigned ballot = 0;
    for (unsigned left = mask; left != 0; left &= left - 1) {
        const int lane = std::countr_zero(left);
        ballot |= static_cast<unsigned>(lanes[lane]->offer != 0) << lane;
    }
    for (unsigned left = mask; left != 0; left &= left - 1) {
        Thread &thread = *lanes[std::countr_zero(left)];
        thread.gets = lanes[thread.wants]->offer;
        thread.ballot = ballot;
        thread.waits = false;
    }
}

inline void print(const char *before, const Thread &thread, const Place &place) {
    std::fprintf(stderr, "%sthread %u (%u, %u, %u) at %s:%u", before, thread.rank, thread.index.x,
                 thread.index.y, thread.index.z, place.file_name(),
                 static_cast<unsigned>(place.line()));
}

inline void Multiprocessor::fail_apart(const char *what, const Thread &one, const Place &other) {
    std::fprintf(stderr, "kernel: %s, block (%u, %u, %u): ", what, block_index_.x, block_index_.y,
                 block_index_.z);
    if (&one != now_)
        print("", one, one.place);
    print(&one == now_ ? "" : ", ", *now_, other);
    fail("stopped");
}

inline void Multiprocessor::fail_waiting() {
    unsigned n_returned = 0;
    const Thread *waiting = nullptr;
    for (unsigned rank = 0; rank < n_threads_; ++rank)
        if (const Thread &thread = *threads_[rank]; thread.returned)
            ++n_returned;
        else if (waiting == nullptr)
            waiting = &thread;
    std::fprintf(stderr,
                 "kernel: threads wait for ever, block (%u, %u, %u): %u of %u have returned, ",
                 block_index_.x, block_index_.y, block_index_.z, n_returned, n_threads_);
    print("", *waiting, waiting->place);
    for (unsigned rank = 0; rank < n_threads_; ++rank)
        if (const Thread &thread = *threads_[rank];
            !thread.returned && thread.place.line() != waiting->place.line()) {
            print(", ", thread, thread.place);
            break;
        }
    fail("stopped");
}

} // namespace emulator
