// What the network asks of a normalization between product and activation: z -> y and, on the way
// back, dy -> dz.
//
// Each thread of the team calls with its own rows (whole row blocks). A member that needs
// statistics of the whole batch leaves its blocks' sums in `memory`, meets the team once, and
// combines all blocks in order.

#pragma once

#include "engine/core/parallel.hpp"
#include "engine/kernels/kernel_table.hpp"

#include <memory>

namespace deepgen {

// One normalized layer's working memory.
template <class T>
struct NormalizationMemory {
    NormalizationMemory(Index width, Index max_rows, Index team_size);

    Index width;
    Index stride;                 // between rows of `standardized`, and between blocks of the sums
    Buffer<T> standardized;       // z in, then (z - mean) / std
    Buffer<T> inverse_std;        // of each row (layer norm); of a tangent: R log inverse_std
    Buffer<T> vectors;            // 3 for each thread: statistics as the kernels want them
    Buffer<double> totals;        // 2 for each thread: sums over all row blocks
    Buffer<double> sums, squares; // forward, for each row block
    Buffer<double> gradients, products; // backward: sum dy and sum dy * standardized

    double *total(Index rank, Index which) { return totals.data() + (rank * 2 + which) * stride; }
    T *vector(Index rank, Index which) { return vectors.data() + (rank * 3 + which) * stride; }
    const T *vector(Index rank, Index which) const {
        return vectors.data() + (rank * 3 + which) * stride;
    }
    BlockSums blocks(const Buffer<double> &of, Index n_rows) const {
        return {n_rows, width, of.data(), stride};
    }
};

// The rows of a call.
template <class T>
struct NormalizationCall {
    Index n_rows;    // of the whole batch
    IndexRange rows; // this thread's
    Index width;
    T *y; // forward: y out; backward: dy in, dz out
    Index y_stride;
    const T *scale, *shift;
    T least;                            // y is at least this: 0 where ReLU follows, else -infinity
    T *running_mean, *running_variance; // null: leave them (training), or there are none

    Index n_own() const { return rows.end - rows.begin; }
    // This thread's rows of a matrix of the batch.
    Rows<T> own(T *matrix, Index stride) const {
        return {n_own(), width, matrix + rows.begin * stride, stride};
    }
};

// The tangents of a call whose statistics are frozen.
template <class T>
struct NormalizationTangent {
    IndexRange rows; // this thread's
    Index width;
    T *y; // forward: Ry out; backward: Rdy in, Rdz out
    Index y_stride;
    const T *dy; // backward: of the call itself
    Index dy_stride;
    const T *scale;
    const T *scale_direction, *shift_direction;

    // This thread's rows of a matrix of the batch.
    template <class U>
    Rows<U> own(U *matrix, Index stride) const {
        return {rows.end - rows.begin, width, matrix + rows.begin * stride, stride};
    }
};

template <class T>
class Normalization {
  public:
    virtual ~Normalization() = default;

    virtual void forward(const Team &, const NormalizationCall<T> &,
                         NormalizationMemory<T> &) const = 0;
    virtual void backward(const Team &, const NormalizationCall<T> &,
                          NormalizationMemory<T> &) const = 0;

    // As at prediction: with the running statistics where the member keeps them, and those as
    // constants on the way back. Rows do not see each other and the team does not meet.
    virtual void frozen_forward(const Team &, const NormalizationCall<T> &,
                                NormalizationMemory<T> &) const = 0;
    virtual void frozen_backward(const Team &, const NormalizationCall<T> &,
                                 NormalizationMemory<T> &) const = 0;

    // The R-operator of the frozen two: the tangent of what they give. `tangent` is a memory of its
    // own whose `standardized` holds Rz first, then R of the standardized z.
    virtual void tangent_forward(const Team &, const NormalizationTangent<T> &,
                                 const NormalizationMemory<T> &,
                                 NormalizationMemory<T> &tangent) const = 0;
    virtual void tangent_backward(const Team &, const NormalizationTangent<T> &,
                                  const NormalizationMemory<T> &,
                                  NormalizationMemory<T> &tangent) const = 0;
};

struct NormalizationEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool scales;           // has trainable scale and shift
    bool replaces_bias;    // a bias before it would be without effect
    bool keeps_statistics; // has running mean and variance
    std::unique_ptr<Normalization<float>> (*make_float)(const Settings &, const Kernels<float> &);
    std::unique_ptr<Normalization<double>> (*make_double)(const Settings &,
                                                          const Kernels<double> &);

    template <class T>
    std::unique_ptr<Normalization<T>> make(const Settings &settings, const Kernels<T> &k) const {
        if constexpr (std::is_same_v<T, float>)
            return make_float(settings, k);
        else
            return make_double(settings, k);
    }
};

template <class T, template <class> class Member>
std::unique_ptr<Normalization<T>> make_normalization(const Settings &settings,
                                                     const Kernels<T> &kernels) {
    return std::make_unique<Member<T>>(settings, kernels);
}

std::span<const NormalizationEntry *const> normalizations();

// The gradient of scale (products) and shift (gradients), written over the first `width` entries.
template <class T>
void scale_gradient(const Kernels<T> &kernels, const Team &, NormalizationMemory<T> &memory,
                    Index n_rows, T *scale, T *shift);

// This thread's blocks of sum dy and sum dy * standardized.
template <class T>
void block_gradient_sums(const Kernels<T> &kernels, const NormalizationCall<T> &call,
                         NormalizationMemory<T> &memory);

// R of the two halves that all members share: scale and shift after standardizing, and the same on
// the way back, dy -> dy * scale in place, which leaves this thread's blocks of R(sum dy) and
// R(sum dy * standardized).
template <class T>
void tangent_scale(const Kernels<T> &, const NormalizationTangent<T> &,
                   const NormalizationMemory<T> &, const NormalizationMemory<T> &tangent);
template <class T>
void tangent_unscale(const Kernels<T> &, const Team &, const NormalizationTangent<T> &,
                     const NormalizationMemory<T> &, NormalizationMemory<T> &tangent);

} // namespace deepgen
