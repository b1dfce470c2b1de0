// What layer 0 reads of a batch: rows of X gathered, changed by the augmentation and mixed with
// their partners, where the batch says so. Rows of CSR are read where they stand unless something
// changes them.

#pragma once

#include "engine/core/parallel.hpp"
#include "engine/network/batch.hpp"

namespace deepgen {

// Sizes of the memory for rows that a training step changes; of CSR, the entries of a batch and of
// one row.
struct AugmentationScratch {
    bool wanted = false;
    Index entries = 0;
    Index row_entries = 0;
};

template <class T>
class BatchInputs {
  public:
    BatchInputs(Index n_columns, Index max_rows, Index team_size, bool dense,
                const AugmentationScratch &scratch);

    // This thread's rows.
    void gather(const Team &, const Batch<T> &, const Inputs<T> &, IndexRange rows);

    Rows<const T> dense(Index n_rows) const; // without data for CSR
    SparseBlock<T> sparse(const Inputs<T> &X, IndexRange rows) const;

  private:
    // Entries of CSR rows.
    struct Entries {
        void resize(Index n);

        std::vector<std::int32_t> indices;
        Buffer<T> values;
    };
    // A thread's rows on their way: dense, the partner; CSR, the row itself and the partner.
    struct ThreadMemory {
        Buffer<T> partner;
        Entries own_entries, partner_entries;
    };

    void gather_dense(ThreadMemory *, const Batch<T> &, const Inputs<T> &, IndexRange rows);
    void gather_changed(ThreadMemory &, const Batch<T> &, IndexRange rows);

    Index n_columns_, stride_;
    Buffer<T> rows_;                          // dense
    std::vector<std::int64_t> starts_, ends_; // CSR
    bool changes_;
    Entries changed_; // of CSR rows, each from the start of its room
    std::vector<ThreadMemory> threads_;
};

} // namespace deepgen
