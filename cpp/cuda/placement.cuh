// Which numbers of a run stand in shared memory while a block trains it: by how often a step
// touches them, as far as there is room.

#pragma once

#include "cuda/step.cuh"

namespace deepgen::cuda {

// Each level has what those before have.
enum Shared { nothing, batch_values, weights, gradient, state };

// Hands out pieces of one stretch of memory; with a null pointer it only counts.
class Room {
  public:
    DEEPGEN_ANYWHERE explicit Room(void *memory) : memory_(static_cast<char *>(memory)) {}

    template <class T>
    DEEPGEN_ANYWHERE T *take(std::int64_t n) {
        T *const taken = memory_ ? reinterpret_cast<T *>(memory_ + bytes_) : nullptr;
        bytes_ += n * static_cast<std::int64_t>(sizeof(T));
        return taken;
    }
    DEEPGEN_ANYWHERE std::int64_t bytes() const { return bytes_; }

  private:
    char *memory_;
    std::int64_t bytes_ = 0;
};

// Doubles come first, for their alignment.
DEEPGEN_ANYWHERE inline void place_batch(Room &room, const Net &net, const Sizes &sizes,
                                         Memory &memory) {
    memory.losses = room.take<double>(sizes.n_rows);
    memory.block_losses = room.take<double>((sizes.n_rows + row_block - 1) / row_block);
    memory.squares = room.take<double>(2 * net.n_segments);
    memory.chunk_squares = room.take<double>(2 * net.n_tasks);
    memory.sums = room.take<double>(sizes.sums);
    memory.batch = room.take<float>(sizes.batch);
}

DEEPGEN_ANYWHERE inline Room place(const Slice &slice, int level, void *shared, Memory &memory) {
    Room room(shared);
    const Net &net = slice.net;
    if (level >= batch_values) {
        memory.totals = room.take<Totals>(1);
        place_batch(room, net, slice.sizes, memory);
    }
    if (level >= weights) {
        memory.weights = room.take<float>(net.n_weights);
        memory.transposed = room.take<float>(net.n_transposed);
    }
    if (level >= gradient)
        memory.gradient = room.take<float>(net.n_weights);
    if (level >= state)
        for (int s = 0; s < net.n_state_arrays; ++s)
            memory.state[s] = room.take<float>(net.n_weights);
    return room;
}

inline std::int64_t shared_bytes(const Slice &slice, int level) {
    Memory unused{};
    return place(slice, level, nullptr, unused).bytes();
}

// Calls copy(global, shared, n) for what a level has that outlives the launch.
template <class Copy>
__device__ void for_each_kept(const Slice &slice, const Memory &memory, Copy copy) {
    const Net &net = slice.net;
    if (slice.shared >= weights) {
        copy(slice.memory.weights, memory.weights, net.n_weights);
        copy(slice.memory.transposed, memory.transposed, net.n_transposed);
    }
    if (slice.shared >= state)
        for (int s = 0; s < net.n_state_arrays; ++s)
            copy(slice.memory.state[s], memory.state[s], net.n_weights);
}

__device__ inline Memory take_place(Crew &crew, const Slice &slice, void *shared) {
    Memory memory = slice.memory;
    place(slice, slice.shared, shared, memory);
    for_each_kept(slice, memory, [&](const float *from, float *to, int n) {
        for (int i = crew.rank(); i < n; i += crew.size())
            to[i] = from[i];
    });
    if (slice.shared >= gradient) // padding has no gradient, ever
        for (int i = crew.rank(); i < slice.net.n_weights; i += crew.size())
            memory.gradient[i] = 0.0F;
    if (crew.rank() == 0 && slice.shared >= batch_values)
        *memory.totals = *slice.memory.totals;
    crew.meet();
    return memory;
}

__device__ inline void give_back(Crew &crew, const Slice &slice, const Memory &memory) {
    for_each_kept(slice, memory, [&](float *to, const float *from, int n) {
        for (int i = crew.rank(); i < n; i += crew.size())
            to[i] = from[i];
    });
    if (crew.rank() == 0 && slice.shared >= batch_values)
        *slice.memory.totals = *memory.totals;
}

} // namespace deepgen::cuda
