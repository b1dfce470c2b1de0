// Samples as the caller holds them: a matrix of features, and some of its rows by number, weighted
// where they are to be trained on. Views.

#pragma once

#include "engine/core/types.hpp"

namespace deepgen {

// X: dense rows, or CSR where `starts` is set.
template <class T>
struct Inputs {
    Index n_rows, n_columns;
    const T *dense = nullptr;
    const std::int64_t *starts = nullptr; // (n_rows + 1,)
    const std::int32_t *indices = nullptr;
    const T *values = nullptr;

    bool sparse() const { return starts != nullptr; }
    Index n_entries(Index row) const { return starts[row + 1] - starts[row]; } // of CSR
};

// Some samples by number; a null list means 0 .. size-1.
struct Selection {
    Index size;
    const std::int64_t *samples = nullptr;

    Index operator[](Index i) const { return samples ? samples[i] : i; }
};

// The rows that training draws its batches from; null weights are ones.
template <class T>
struct TrainingPart {
    Inputs<T> X;
    Selection rows;
    const T *weights = nullptr;
};

} // namespace deepgen
