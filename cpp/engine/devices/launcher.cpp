// Arrivals, and the launch by the last of them.

#include "engine/devices/launcher.hpp"

#include <map>

namespace deepgen {
namespace {

// What a thread of Python takes between two slices, several times over.
constexpr std::chrono::milliseconds patience{5};

} // namespace

std::shared_ptr<Launcher> Launcher::of(const DeepgenPlugin &plugin) {
    static std::mutex guard;
    static std::map<const DeepgenPlugin *, std::weak_ptr<Launcher>> launchers;
    const std::lock_guard lock(guard);
    std::weak_ptr<Launcher> &known = launchers[&plugin];
    std::shared_ptr<Launcher> launcher = known.lock();
    if (!launcher)
        known = launcher = std::make_shared<Launcher>(plugin);
    return launcher;
}

void Launcher::join() {
    const std::lock_guard lock(guard_);
    ++n_joined_;
}

void Launcher::leave() {
    const std::lock_guard lock(guard_);
    --n_joined_;
    changed_.notify_all();
}

void Launcher::run(DeepgenRun *run, const DeepgenSlice &slice) {
    Call call{run, slice};
    std::unique_lock lock(guard_);
    waiting_.push_back(&call);
    last_arrival_ = Clock::now();
    changed_.notify_all();
    while (!call.done) {
        const bool all_came = waiting_.size() >= n_joined_;
        const Clock::time_point until = last_arrival_ + patience;
        if (!launching_ && !waiting_.empty() && (all_came || Clock::now() >= until))
            launch(lock);
        else if (launching_)
            changed_.wait(lock);
        else
            changed_.wait_until(lock, until);
    }
    if (call.status.reason != DEEPGEN_DONE)
        throw DeviceError(call.status);
}

// Without the lock while the device works: others may arrive.
void Launcher::launch(std::unique_lock<std::mutex> &lock) {
    std::vector<DeepgenRun *> runs;
    std::vector<DeepgenSlice> slices;
    for (const Call *call : waiting_) {
        runs.push_back(call->run);
        slices.push_back(call->slice);
    }
    std::vector<Call *> calls;
    calls.swap(waiting_);
    launching_ = true; // nothing throws from here on
    lock.unlock();
    DeepgenStatus status{};
    plugin_.run(std::ssize(runs), runs.data(), slices.data(), &status);
    lock.lock();
    launching_ = false;
    for (Call *const call : calls) {
        call->status = status;
        call->done = true;
    }
    changed_.notify_all();
}

} // namespace deepgen
