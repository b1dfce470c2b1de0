// Rows of X on their way to layer 0.

#include "engine/network/batch_inputs.hpp"

#include <algorithm>
#include <cstring>

namespace deepgen {

namespace {

// By whole cache lines, whose copies need no call; a row of few features is mostly call.
template <class T>
void copy_row(const T *from, T *to, Index n) {
    const Index lines = n / lane_pad<T> * lane_pad<T>;
    for (Index j = 0; j < lines; j += lane_pad<T>)
        std::memcpy(to + j, from + j, cache_line);
    std::copy(from + lines, from + n, to + lines);
}

// The merge of two rows: share a + (1 - share) b.
template <class T>
void mix_entries(const SparseRow<T> &a, const SparseRow<T> &b, double share, SparseRow<T> &to) {
    const T own = static_cast<T>(share), rest = static_cast<T>(1.0 - share);
    Index i = 0, k = 0;
    while (i < a.n || k < b.n) {
        const bool from_a = k == b.n || (i < a.n && a.indices[i] <= b.indices[k]);
        const bool from_b = i == a.n || (k < b.n && b.indices[k] <= a.indices[i]);
        const std::int32_t column = from_a ? a.indices[i] : b.indices[k];
        to.append(column,
                  (from_a ? own * a.values[i] : T(0)) + (from_b ? rest * b.values[k] : T(0)));
        i += from_a;
        k += from_b;
    }
}

} // namespace

template <class T>
void BatchInputs<T>::Entries::resize(Index n) {
    indices.resize(as_size(n));
    values.resize(as_size(n));
}

template <class T>
BatchInputs<T>::BatchInputs(Index n_columns, Index max_rows, Index team_size, bool dense,
                            const AugmentationScratch &scratch)
    : n_columns_(n_columns), stride_(row_stride<T>(n_columns)), changes_(scratch.wanted) {
    if (dense)
        rows_.resize(as_size(max_rows * stride_));
    else {
        starts_.resize(as_size(max_rows));
        ends_.resize(as_size(max_rows));
    }
    if (!changes_)
        return;
    threads_.resize(as_size(team_size));
    for (ThreadMemory &thread : threads_) {
        if (dense)
            thread.partner.resize(as_size(stride_));
        thread.own_entries.resize(scratch.row_entries);
        thread.partner_entries.resize(scratch.row_entries);
    }
    changed_.resize(scratch.entries);
}

template <class T>
void BatchInputs<T>::gather(const Team &team, const Batch<T> &batch, const Inputs<T> &X,
                            IndexRange rows) {
    ThreadMemory *const own = changes_ ? &threads_[as_size(team.rank)] : nullptr;
    if (!X.sparse())
        return gather_dense(own, batch, X, rows);
    if (changes_)
        return gather_changed(*own, batch, rows);
    for (Index i = rows.begin; i < rows.end; ++i) {
        starts_[as_size(i)] = X.starts[batch.rows[i]];
        ends_[as_size(i)] = X.starts[batch.rows[i] + 1];
    }
}

// Rows are copied first and changed then: one after the other, the reads of all wait together.
template <class T>
void BatchInputs<T>::gather_dense(ThreadMemory *own, const Batch<T> &batch, const Inputs<T> &X,
                                  IndexRange rows) {
    const auto copy = [&](Index i, T *to) {
        copy_row(X.dense + batch.rows[i] * n_columns_, to, n_columns_);
    };
    for (Index i = rows.begin; i < rows.end; ++i)
        copy(i, rows_.data() + i * stride_);
    if (!batch.augmentation)
        return;
    const auto [partners, share] = batch.mixing;
    const T kept = static_cast<T>(share), rest = static_cast<T>(1.0 - share);
    for (Index i = std::max(rows.begin, batch.n_unchanged); i < rows.end; ++i) {
        T *const to = rows_.data() + i * stride_;
        batch.augmentation->change(batch.first_position + i, to);
        if (!partners)
            continue;
        T *const partner = own->partner.data();
        copy(partners[i], partner);
        batch.augmentation->change(batch.first_position + partners[i], partner);
        for (Index j = 0; j < n_columns_; ++j)
            to[j] = kept * to[j] + rest * partner[j];
    }
}

// A row's room begins where those of the rows before it end.
template <class T>
void BatchInputs<T>::gather_changed(ThreadMemory &own, const Batch<T> &batch, IndexRange rows) {
    const Augmentation<T> &augmentation = *batch.augmentation;
    const auto [partners, share] = batch.mixing;
    const Index first = batch.first_position;
    const auto fetch = [&](Index i, Entries &entries) {
        SparseRow<T> row{entries.indices.data(), entries.values.data()};
        augmentation.change(first + i, row);
        return row;
    };
    Index start = 0;
    for (Index i = 0; i < rows.end; ++i) {
        if (i >= rows.begin) {
            SparseRow<T> to{changed_.indices.data() + start, changed_.values.data() + start};
            if (partners)
                mix_entries(fetch(i, own.own_entries), fetch(partners[i], own.partner_entries),
                            share, to);
            else
                augmentation.change(first + i, to);
            starts_[as_size(i)] = start;
            ends_[as_size(i)] = start + to.n;
        }
        start +=
            augmentation.room(first + i) + (partners ? augmentation.room(first + partners[i]) : 0);
    }
}

template <class T>
Rows<const T> BatchInputs<T>::dense(Index n_rows) const {
    return {n_rows, n_columns_, rows_.empty() ? nullptr : rows_.data(), stride_};
}

template <class T>
SparseBlock<T> BatchInputs<T>::sparse(const Inputs<T> &X, IndexRange rows) const {
    return {rows.end - rows.begin, starts_.data() + rows.begin, ends_.data() + rows.begin,
            changes_ ? changed_.indices.data() : X.indices,
            changes_ ? changed_.values.data() : X.values};
}

template class BatchInputs<float>;
template class BatchInputs<double>;

} // namespace deepgen
