// The threads of a block as they share out work.
//
// Work comes in pieces, one for a warp. What follows one another without a meeting in between goes
// on where the work before it ended, so that no warp idles while others have two pieces.

#pragma once

#include "cuda/launch.cuh"

namespace deepgen::cuda {

inline constexpr int warp_size = 32;
inline constexpr unsigned whole_warp = 0xffffffffu;

class Crew {
  public:
    __device__ Crew() : rank_(static_cast<int>(threadIdx.x)), size_(static_cast<int>(blockDim.x)) {}

    __device__ int rank() const { return rank_; }
    __device__ int size() const { return size_; }
    __device__ int lane() const { return rank_ % warp_size; }

    __device__ void meet() {
        given_ = 0;
        __syncthreads();
    }

    // Calls work(i) for this warp's share of n pieces, by all of its threads.
    template <class Work>
    __device__ void share(int n, Work work) {
        const int n_warps = size_ / warp_size, warp = rank_ / warp_size;
        int first = warp - given_;
        if (first < 0)
            first += n_warps;
        for (int i = first; i < n; i += n_warps)
            work(i);
        given_ = (given_ + n) % n_warps;
    }

    // Calls work(i, j) for the entries of a matrix, columns side by side.
    template <class Work>
    __device__ void share_entries(int rows, int columns, Work work) {
        const int pieces = (columns + warp_size - 1) / warp_size;
        share(rows * pieces, [&](int piece) {
            const int j = piece % pieces * warp_size + lane();
            if (j < columns)
                work(piece / pieces, j);
        });
    }

  private:
    int rank_, size_;
    int given_ = 0; // warps that the pieces since the last meeting have gone to
};

} // namespace deepgen::cuda
