// The emulated device: its memory, its streams, and what is wrong with it on request.
//
// A stream's operations wait until something waits for them, so that a program which reads what
// it has not waited for reads the old values.

#pragma once

#include "runtime_types.hpp"

#include "grid.hpp"

#include <functional>
#include <map>
#include <mutex>

namespace emulator {

inline constexpr std::size_t default_shared = std::size_t{48} << 10;
inline constexpr std::size_t most_shared = std::size_t{227} << 10;
inline constexpr int runtime_version = 13000, old_driver_version = 12040;

enum class Fault { none, no_driver, old_driver, no_device, old_device, launch };

// DEEPGEN_EMULATED_FAULT.
inline Fault fault_asked_for() {
    const char *const value = std::getenv("DEEPGEN_EMULATED_FAULT");
    const std::string_view name = value == nullptr ? "" : value;
    if (name.empty())
        return Fault::none;
    if (name == "no_driver")
        return Fault::no_driver;
    if (name == "old_driver")
        return Fault::old_driver;
    if (name == "no_device")
        return Fault::no_device;
    if (name == "old_device")
        return Fault::old_device;
    if (name == "launch")
        return Fault::launch;
    fail("DEEPGEN_EMULATED_FAULT is none of no_driver, old_driver, no_device, old_device, launch");
}

// DEEPGEN_EMULATED_MEMORY.
inline std::size_t memory_asked_for() {
    const char *const value = std::getenv("DEEPGEN_EMULATED_MEMORY");
    if (value == nullptr)
        return std::size_t{16} << 30;
    char *end = nullptr;
    const unsigned long long bytes = std::strtoull(value, &end, 10);
    if (end == value || *end != '\0')
        fail("DEEPGEN_EMULATED_MEMORY is no number of bytes");
    return static_cast<std::size_t>(bytes);
}

using Operation = std::function<void()>;

struct Graph {
    std::vector<Operation> operations;
};

// What cudaGraphInstantiate makes of one.
struct GraphCopy {
    std::vector<Operation> operations;
};

struct Stream {
    std::vector<Operation> waiting;
    std::unique_ptr<Graph> captured; // while it records
};

// Its functions are called under its lock, which a run of kernels holds too.
class Device {
  public:
    std::recursive_mutex mutex;

    // The error that stands in the way of every call, if any. A failed launch stays.
    [[nodiscard]] cudaError_t state() {
        const Fault fault = fault_asked_for();
        lost_ = lost_ && fault == Fault::launch;
        switch (fault) {
        case Fault::no_driver:
        case Fault::old_driver:
            return cudaErrorInsufficientDriver;
        case Fault::no_device:
            return cudaErrorNoDevice;
        default:
            return lost_ ? cudaErrorLaunchFailure : cudaSuccess;
        }
    }

    // What this host thread's calls return; cudaGetLastError tells it again.
    cudaError_t report(cudaError_t error) {
        if (error != cudaSuccess)
            last_errors_[std::this_thread::get_id()] = error;
        return error;
    }
    cudaError_t last_error(bool forget) {
        cudaError_t &last = last_errors_[std::this_thread::get_id()];
        const cudaError_t error = last;
        if (forget)
            last = cudaSuccess;
        return error;
    }

    [[nodiscard]] std::size_t used() const { return used_; }

    cudaError_t allocate(void **pointer, std::size_t bytes) {
        *pointer = nullptr;
        if (bytes == 0)
            return cudaSuccess;
        if (const std::size_t has = memory_asked_for(); used_ > has || bytes > has - used_)
            return cudaErrorMemoryAllocation;
        if (posix_memalign(pointer, 256, bytes + margin) != 0)
            return cudaErrorMemoryAllocation;
        poison(*pointer, bytes);
        memory_[static_cast<std::byte *>(*pointer)] = bytes;
        used_ += bytes;
        return cudaSuccess;
    }

    cudaError_t free(void *pointer) {
        if (pointer == nullptr)
            return cudaSuccess;
        const auto found = memory_.find(static_cast<std::byte *>(pointer));
        if (found == memory_.end())
            return cudaErrorInvalidValue;
        finish();
        require_margin(pointer, found->second);
        used_ -= found->second;
        memory_.erase(found);
        std::free(pointer);
        return cudaSuccess;
    }

    // Whether these bytes are the device's, in one piece.
    [[nodiscard]] bool has(const void *pointer, std::size_t bytes) const {
        const std::byte *const begin = static_cast<const std::byte *>(pointer);
        const auto after = memory_.upper_bound(begin);
        if (after == memory_.begin())
            return false;
        const auto &[start, size] = *std::prev(after);
        const auto offset = static_cast<std::size_t>(begin - start);
        return offset <= size && bytes <= size - offset;
    }

    void allow_shared(const void *kernel, std::size_t bytes) { shared_limits_[kernel] = bytes; }
    [[nodiscard]] bool allows_shared(const void *kernel, std::size_t bytes) const {
        const auto found = shared_limits_.find(kernel);
        return bytes <= (found == shared_limits_.end() ? default_shared : found->second);
    }

    Stream *create_stream() {
        streams_.push_back(std::make_unique<Stream>());
        return streams_.back().get();
    }
    void destroy(Stream *stream) {
        finish(*stream);
        std::erase_if(streams_, [&](const auto &own) { return own.get() == stream; });
    }
    // The default stream is the first.
    Stream *stream(Stream *asked_for) {
        if (asked_for == nullptr)
            return streams_.front().get();
        for (const auto &own : streams_)
            if (own.get() == asked_for)
                return asked_for;
        return nullptr;
    }

    // The default stream waits for the others, and they for it.
    void enqueue(Stream &stream, Operation operation) {
        if (stream.captured) {
            stream.captured->operations.push_back(std::move(operation));
            return;
        }
        if (&stream == streams_.front().get())
            finish();
        else
            finish(*streams_.front());
        stream.waiting.push_back(std::move(operation));
    }

    void finish(Stream &stream) {
        for (const Operation &operation : stream.waiting)
            if (!lost_)
                operation();
        stream.waiting.clear();
    }
    void finish() {
        for (const auto &stream : streams_)
            finish(*stream);
    }
    [[nodiscard]] bool captures() const {
        for (const auto &stream : streams_)
            if (stream->captured)
                return true;
        return false;
    }

    // As an operation of a stream.
    void run(const Task &task) {
        lost_ = fault_asked_for() == Fault::launch;
        if (!lost_)
            run_grid(task);
    }

  private:
    std::map<std::byte *, std::size_t, std::less<>> memory_;
    std::size_t used_ = 0;
    std::map<const void *, std::size_t> shared_limits_;
    std::vector<std::unique_ptr<Stream>> streams_ = first_stream();
    std::map<std::thread::id, cudaError_t> last_errors_;
    bool lost_ = false;

    static std::vector<std::unique_ptr<Stream>> first_stream() {
        std::vector<std::unique_ptr<Stream>> streams;
        streams.push_back(std::make_unique<Stream>());
        return streams;
    }
};

inline Device &device() {
    static Device the_device;
    return the_device;
}

} // namespace emulator
