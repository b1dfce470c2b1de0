// How what a layer computes, its branch, meets the output of an earlier layer that is carried past
// it: (h, x) -> a and, on the way back, da -> dh, dx.
//
// The branch is h, after activation and dropout, or z, before the normalization, as the member
// says. A member may bring a gate: a second product of the layer's inputs,
// z_T = a_{l-1} W_T + b_T, whose columns follow those of W.
//
// Each thread calls with its own rows, which do not see each other.

#pragma once

#include "engine/kernels/kernel_table.hpp"

#include <memory>

namespace deepgen {

// This thread's rows of what meets.
template <class T>
struct SkipCall {
    Rows<const T> branch;  // h
    Rows<const T> carried; // x
    Rows<const T> gate;    // its activation of z_T; of members that have one
};

// The gradients of a call, on the way back.
template <class T>
struct SkipGradients {
    Rows<T> branch;      // dL/da in, dL/dh out
    Rows<T> carried;     // dL/dx, to which the call adds its part
    bool carried_is_new; // nothing stands there yet
    Rows<T> gate;        // dL/dz_T out
};

// The tangents of a call.
template <class T>
struct SkipTangent {
    Rows<const T> branch;  // R h
    Rows<const T> carried; // R x
    Rows<const T> gate;    // R z_T
};

template <class T>
class Skip {
  public:
    virtual ~Skip() = default;

    // `output` is the branch itself for members without a gate.
    virtual void forward(const SkipCall<T> &, Rows<T> output) const = 0;
    virtual void backward(const SkipCall<T> &, const SkipGradients<T> &) const = 0;

    // The R-operator of the two: R a, and the tangents of the gradients in their place, beside
    // dL/da itself.
    virtual void tangent_forward(const SkipCall<T> &, const SkipTangent<T> &,
                                 Rows<T> output) const = 0;
    virtual void tangent_backward(const SkipCall<T> &, const SkipTangent<T> &,
                                  Rows<const T> gradient,
                                  const SkipGradients<T> &tangents) const = 0;
};

struct SkipEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool before_normalization; // the branch is z
    std::string_view gate;     // the gate's activation; empty without a gate
    std::unique_ptr<Skip<float>> (*make_float)(const Settings &, const Kernels<float> &);
    std::unique_ptr<Skip<double>> (*make_double)(const Settings &, const Kernels<double> &);

    bool has_gate() const { return !gate.empty(); }
    template <class T>
    std::unique_ptr<Skip<T>> make(const Settings &settings, const Kernels<T> &k) const {
        if constexpr (std::is_same_v<T, float>)
            return make_float(settings, k);
        else
            return make_double(settings, k);
    }
};

template <class T, template <class> class Member>
std::unique_ptr<Skip<T>> make_skip(const Settings &settings, const Kernels<T> &kernels) {
    return std::make_unique<Member<T>>(settings, kernels);
}

std::span<const SkipEntry *const> skips();

// Adds dL/da, which is also this call's part of dL/dx.
template <class T>
void carry(const Kernels<T> &, const SkipGradients<T> &);

// Calls work(i, j) for every entry of some rows.
template <class T, class Work>
void for_each_entry(const Rows<T> &rows, Work work) {
    for (Index i = 0; i < rows.rows; ++i)
        for (Index j = 0; j < rows.width; ++j)
            work(i, j);
}

template <class T>
T &entry(const Rows<T> &rows, Index i, Index j) {
    return rows.data[i * rows.stride + j];
}

} // namespace deepgen
