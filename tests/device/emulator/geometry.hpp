// CUDA's types of sizes and indices.

#pragma once

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace emulator {

constexpr unsigned long long count(dim3 size) {
    return 1ull * size.x * size.y * size.z;
}

// The index of number `rank`, x running fastest.
constexpr uint3 index_of(unsigned rank, dim3 size) {
    return {rank % size.x, rank / size.x % size.y, rank / size.x / size.y};
}

} // namespace emulator
