// A block of threads on one OS thread: each of its threads has a stack, and runs until it has to
// wait for others.

#pragma once

#include "context.hpp"
#include "geometry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator {

inline constexpr unsigned warp_size = 32;
inline constexpr unsigned max_threads = 1024;

using Place = std::source_location;

// NaN stands behind memory too, where AddressSanitizer does not watch its end: what reads it shows,
// and what writes to it is found.
#if defined(EMULATOR_ASAN)
inline constexpr std::size_t margin = 0;
#else
inline constexpr std::size_t margin = 1024;
#endif
inline constexpr std::byte nan_byte{0xff};

inline void poison(void *memory, std::size_t bytes) {
    std::fill_n(static_cast<std::byte *>(memory), bytes + margin, nan_byte);
}

inline void require_margin(const void *memory, std::size_t bytes) {
    const std::byte *const end = static_cast<const std::byte *>(memory) + bytes;
    if (std::any_of(end, end + margin, [](std::byte byte) { return byte != nan_byte; }))
        fail("something was written beyond the end of memory");
}

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

// Of a warp: meetings of one set of lanes each. There are never more than lanes that wait.
struct Warp {
    Meeting meetings[warp_size];

    Meeting &of(unsigned mask);
};

EMULATOR_UNSEEN inline Meeting &Warp::of(unsigned mask) {
    for (Meeting &meeting : meetings)
        if (meeting.mask == mask || meeting.mask == 0) {
            meeting.mask = mask;
            return meeting;
        }
    Meeting *free = meetings;
    while (free->n_waiting > 0)
        ++free;
    free->mask = mask;
    return *free;
}

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
    void join(const Meeting &meeting, const Place &place);
    struct At {
        const Thread *thread;
        Place place;
    };
    [[noreturn]] void stop(const char *what, std::initializer_list<At> threads) const;
    [[noreturn]] void stop_waiting() const;

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
    require_margin(shared_.get(), shared_bytes_);
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
    if (!shared_ || shared_bytes_ != task_->shared_bytes) { // no larger, for AddressSanitizer
        shared_bytes_ = task_->shared_bytes;
        shared_.reset(new std::byte[shared_bytes_ + margin]);
    }
    poison(shared_.get(), shared_bytes_);
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
            stop_waiting();
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

// All who meet do so at one place of the source.
EMULATOR_UNSEEN inline void Multiprocessor::join(const Meeting &meeting, const Place &place) {
    if (meeting.n_waiting == 0)
        return;
    const Place &first = meeting.first->place;
    if (first.line() != place.line() || first.column() != place.column() ||
        std::strcmp(first.file_name(), place.file_name()) != 0)
        stop("threads meet at different places", {{meeting.first, first}, {now_, place}});
}

EMULATOR_UNSEEN inline void Multiprocessor::meet_block(const Place &place) {
    Meeting &meeting = whole_block_;
    join(meeting, place);
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
        stop("a lane is not in its own mask", {{now_, place}});
    return warps_.data()[number].of(mask);
}

EMULATOR_UNSEEN inline void Multiprocessor::meet_warp(unsigned mask, std::uint64_t offer,
                                                      unsigned wants, const Place &place) {
    Meeting &meeting = meeting_of(mask, place);
    join(meeting, place);
    if (wants >= warp_size || (mask >> wants & 1) == 0)
        stop("a lane wants the value of one that is not in the mask", {{now_, place}});
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

inline void Multiprocessor::stop(const char *what, std::initializer_list<At> threads) const {
    std::fprintf(stderr, "kernel: %s: block (%u, %u, %u)", what, block_index_.x, block_index_.y,
                 block_index_.z);
    for (const auto &[thread, place] : threads)
        std::fprintf(stderr, ", thread (%u, %u, %u) at %s:%u", thread->index.x, thread->index.y,
                     thread->index.z, place.file_name(), static_cast<unsigned>(place.line()));
    std::fputc('\n', stderr);
    std::abort();
}

// Tells of the first that waits, and of one that waits elsewhere.
inline void Multiprocessor::stop_waiting() const {
    const auto waits = [](const auto &thread) { return !thread->returned; };
    const auto end = threads_.begin() + n_threads_;
    const Thread &one = **std::find_if(threads_.begin(), end, waits);
    const auto other = std::find_if(threads_.begin(), end, [&](const auto &thread) {
        return waits(thread) && thread->place.line() != one.place.line();
    });
    char what[80];
    std::snprintf(what, sizeof what, "%u of %u threads wait for ever",
                  static_cast<unsigned>(std::count_if(threads_.begin(), end, waits)), n_threads_);
    if (other == end)
        stop(what, {{&one, one.place}});
    stop(what, {{&one, one.place}, {other->get(), (*other)->place}});
}

} // namespace emulator
