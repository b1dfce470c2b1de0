// Compares products by `multiply` with plain loops, which add in the same order: the bits agree.
// Prints a hash of each product and its sums.

#include "matmul.cuh"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

struct Shape {
    int M, N, K;
};

void check(cudaError_t error) {
    if (error != cudaSuccess) {
        std::printf("error: %s\n", cudaGetErrorString(error));
        std::exit(2);
    }
}

class DeviceArray {
  public:
    explicit DeviceArray(std::size_t n) : n_(n) { check(cudaMalloc(&data_, n * sizeof(float))); }
    explicit DeviceArray(const std::vector<float> &from) : DeviceArray(from.size()) {
        check(cudaMemcpy(data_, from.data(), n_ * sizeof(float), cudaMemcpyHostToDevice));
    }
    ~DeviceArray() { check(cudaFree(data_)); }
    DeviceArray(const DeviceArray &) = delete;
    DeviceArray &operator=(const DeviceArray &) = delete;

    float *data() { return data_; }
    std::vector<float> read() const {
        std::vector<float> to(n_);
        check(cudaMemcpy(to.data(), data_, n_ * sizeof(float), cudaMemcpyDeviceToHost));
        return to;
    }

  private:
    std::size_t n_;
    float *data_ = nullptr;
};

std::vector<float> numbers(int n, std::uint32_t seed) {
    std::vector<float> values(static_cast<std::size_t>(n));
    for (float &value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = static_cast<float>(seed >> 8) / 16777216.0f - 0.5f;
    }
    return values;
}

std::uint64_t hash(const std::vector<float> &values, std::uint64_t start) {
    for (const float value : values) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        start = (start ^ bits) * 1099511628211u;
    }
    return start;
}

int differing(const Shape &s, const std::vector<float> &A, const std::vector<float> &B,
              const std::vector<float> &C) {
    int n = 0;
    for (int i = 0; i < s.M; ++i)
        for (int j = 0; j < s.N; ++j) {
            float sum = 0.0f;
            for (int k = 0; k < s.K; ++k)
                sum = std::fmaf(A[static_cast<std::size_t>(i * s.K + k)],
                                B[static_cast<std::size_t>(k * s.N + j)], sum);
            n += C[static_cast<std::size_t>(i * s.N + j)] != sum;
        }
    return n;
}

// Whether the bits are right, and the sums nearly.
bool multiplies(const Shape &s) {
    const std::vector<float> A = numbers(s.M * s.K, 1), B = numbers(s.K * s.N, 2);
    const dim3 grid(static_cast<unsigned>((s.N + tile - 1) / tile),
                    static_cast<unsigned>((s.M + tile - 1) / tile));
    DeviceArray a(A), b(B), c(static_cast<std::size_t>(s.M * s.N)),
        sums(std::size_t{grid.x} * grid.y);
    check(deepgen::cuda::launch(multiply, grid, dim3(tile, tile), 0, nullptr,
                                Product{s.M, s.N, s.K, a.data(), b.data(), c.data(), sums.data()}));
    check(cudaDeviceSynchronize());
    const std::vector<float> C = c.read(), S = sums.read();
    double apart = 0.0, size = 0.0;
    for (const float value : C)
        size += std::fabs(value);
    apart = size;
    for (const float value : S)
        apart -= value;
    const int n_differing = differing(s, A, B, C);
    std::printf("%d x %d x %d: %d differ, sums apart by %.0e, hash %016llx\n", s.M, s.K, s.N,
                n_differing, std::fabs(apart) / size,
                static_cast<unsigned long long>(hash(S, hash(C, 0))));
    return n_differing == 0 && std::fabs(apart) < 1e-6 * size;
}

} // namespace

int main(int argc, char **argv) {
    if (argc == 4)
        return multiplies({std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3])}) ? 0 : 1;
    int n_wrong = 0;
    for (const Shape &shape : {Shape{16, 16, 16}, {33, 17, 5}, {1, 1, 1}, {64, 48, 100}})
        n_wrong += !multiplies(shape);
    return n_wrong == 0 ? 0 : 1;
}
