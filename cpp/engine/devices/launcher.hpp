// Runs of one plugin that train at the same time go to the device together: whoever comes waits
// until all others have come too, and the last one launches the slices of all.
//
// Threads of Python come at moments of their own, and some of them end or linger. So nobody waits
// longer than a moment after the last arrival. Who is launched with whom leaves the bits alone.

#pragma once

#include "engine/devices/plugin.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace deepgen {

class Launcher {
  public:
    // The launcher that all runs of a plugin in this process share.
    [[nodiscard]] static std::shared_ptr<Launcher> of(const DeepgenPlugin &plugin);

    explicit Launcher(const DeepgenPlugin &plugin) : plugin_(plugin) {}

    // A run takes part from `join` to `leave`.
    void join();
    void leave();
    // Returns when the slice has been run; throws DeviceError.
    void run(DeepgenRun *run, const DeepgenSlice &slice);

  private:
    using Clock = std::chrono::steady_clock;

    struct Call {
        DeepgenRun *run;
        const DeepgenSlice &slice;
        bool done = false;
        DeepgenStatus status{};
    };
    void launch(std::unique_lock<std::mutex> &lock);

    const DeepgenPlugin &plugin_;
    std::mutex guard_;
    std::condition_variable changed_;
    std::size_t n_joined_ = 0;
    std::vector<Call *> waiting_;
    Clock::time_point last_arrival_;
    bool launching_ = false;
};

// Takes part for as long as it lives.
class Participation {
  public:
    explicit Participation(const DeepgenPlugin &plugin) : launcher_(Launcher::of(plugin)) {
        launcher_->join();
    }
    ~Participation() { launcher_->leave(); }
    Participation(const Participation &) = delete;
    Participation &operator=(const Participation &) = delete;

    void run(DeepgenRun *run, const DeepgenSlice &slice) { launcher_->run(run, slice); }

  private:
    std::shared_ptr<Launcher> launcher_;
};

} // namespace deepgen
