// An array on the device, which it frees.

#pragma once

#include "cuda/failure.cuh"

#include <span>
#include <utility>
#include <vector>

namespace deepgen::cuda {

template <class T>
void copy_to_device(T *to, const T *from, std::int64_t n) {
    check(cudaMemcpy(to, from, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyHostToDevice),
          "copy to the device");
}
template <class T>
void copy_from_device(T *to, const T *from, std::int64_t n) {
    check(cudaMemcpy(to, from, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyDeviceToHost),
          "copy from the device");
}

template <class T>
class DeviceArray {
  public:
    DeviceArray() = default;
    explicit DeviceArray(std::int64_t n) : n_(n) {
        if (n == 0)
            return;
        void *memory = nullptr;
        const cudaError_t error = cudaMalloc(&memory, bytes());
        if (error == cudaErrorMemoryAllocation) {
            (void)cudaGetLastError();
            std::size_t free = 0, total = 0;
            check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
            throw Failure{DEEPGEN_NO_MEMORY, std::to_string(bytes()) + " bytes are wanted, " +
                                                 std::to_string(free) + " of " +
                                                 std::to_string(total) + " are free"};
        }
        check(error, "cudaMalloc");
        data_ = static_cast<T *>(memory);
    }
    explicit DeviceArray(std::span<const T> from) : DeviceArray(std::ssize(from)) {
        write(from.data(), n_);
    }
    DeviceArray(DeviceArray &&other) noexcept
        : data_(std::exchange(other.data_, nullptr)), n_(std::exchange(other.n_, 0)) {}
    DeviceArray &operator=(DeviceArray &&other) noexcept {
        std::swap(data_, other.data_);
        std::swap(n_, other.n_);
        return *this;
    }
    ~DeviceArray() { cudaFree(data_); }

    T *data() const { return data_; }
    std::int64_t size() const { return n_; }

    void write(const T *from, std::int64_t n) { copy_to_device(data_, from, n); }
    void read(T *to, std::int64_t n) const { copy_from_device(to, data_, n); }
    void clear() {
        if (n_ > 0)
            check(cudaMemset(data_, 0, bytes()), "clear");
    }
    // Makes room where there is too little; what stood there is lost.
    void at_least(std::int64_t n) {
        if (n > n_)
            *this = DeviceArray(n);
    }

  private:
    std::size_t bytes() const { return static_cast<std::size_t>(n_) * sizeof(T); }

    T *data_ = nullptr;
    std::int64_t n_ = 0;
};

// What is launched one after the other; others may go on beside it.
class Stream {
  public:
    // By default copies and launches of other threads wait for this stream, and it for them.
    explicit Stream(unsigned flags = cudaStreamDefault) {
        check(cudaStreamCreateWithFlags(&stream_, flags), "cudaStreamCreateWithFlags");
    }
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    ~Stream() { cudaStreamDestroy(stream_); }

    cudaStream_t get() const { return stream_; }

  private:
    cudaStream_t stream_ = nullptr;
};

} // namespace deepgen::cuda
