// Units side by side, each a column of the matrix of weights: from trained to effective weights and
// back (reparametrization.hpp has the formulas).

#pragma once

#include "engine/kernels/kernel_table.hpp"
#include "engine/reparametrizations/reparametrization.hpp"

namespace deepgen {

// Some units of a layer, at most `most_units`.
inline constexpr Index most_units = 64;

template <class T>
struct Units {
    const Reparametrization &member;
    bool centred;
    Rows<const T> stored; // v: only the rows of inputs that there are
    const T *gain;        // of the first unit; null: 1
    Index gain_step;      // 1: of each unit, 0: of all
    // mean(v), 0 unless centred, f and f' of each unit; kept from the way there for the way back.
    double *mean, *value, *derivative;

    double gain_of(Index unit) const {
        return gain ? static_cast<double>(gain[unit * gain_step]) : 1.0;
    }
};

// w, as far apart as v.
template <class T>
void make_effective(const Kernels<T> &, const Units<T> &, T *effective);

// u in, dv out, as far apart as v; `gain_gradients` takes f s of each unit.
template <class T>
void pull_back(const Kernels<T> &, const Units<T> &, T *gradients, double *gain_gradients);

} // namespace deepgen
