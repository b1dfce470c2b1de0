// What training asks of an augmentation: the features of a row, changed anew in each epoch, before
// layer 0 sees them.
//
// What happens to a row is a function of the epoch's key, the row's position in the epoch's order
// and the feature, so neither threads nor slices nor a second pass over a batch change a bit.

#pragma once

#include "engine/core/catalog.hpp"
#include "engine/core/random.hpp"
#include "engine/core/samples.hpp"

#include <memory>

namespace deepgen {

// A row of CSR that is being written: column numbers rise.
template <class T>
struct SparseRow {
    std::int32_t *indices;
    T *values;
    Index n = 0;

    void append(std::int32_t column, T value) {
        indices[n] = column;
        values[n++] = value;
    }
};

// The member 'none', and what the others share.
template <class T>
class Augmentation {
  public:
    explicit Augmentation(const TrainingPart<T> &part) : part_(part) {}
    virtual ~Augmentation() = default;

    // The order stays the caller's, and as it is while the epoch lasts.
    void begin_epoch(std::uint64_t key, const Selection &order) {
        key_ = key;
        order_ = order;
        draw();
    }

    // The row at `position` of the epoch's order, where it is dense: in place.
    virtual void change(Index position, T *features) const;

    // The same of CSR, entries written behind those that stand, at most room(position). The rooms
    // of any one batch together are at most those of n_sources() times as many distinct rows.
    virtual void change(Index position, SparseRow<T> &to) const;
    virtual Index room(Index position) const;
    virtual Index n_sources() const { return 1; }

  protected:
    virtual void draw() {} // what holds for the whole epoch

    std::uint64_t row_key(Index position) const {
        return random::child(key_, static_cast<std::uint64_t>(position));
    }

    TrainingPart<T> part_;
    std::uint64_t key_ = 0;
    Selection order_{0};
};

struct AugmentationEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool takes_sparse;
    std::unique_ptr<Augmentation<float>> (*make_float)(const Settings &,
                                                       const TrainingPart<float> &);
    std::unique_ptr<Augmentation<double>> (*make_double)(const Settings &,
                                                         const TrainingPart<double> &);
};

template <class T, template <class> class Member>
std::unique_ptr<Augmentation<T>> make_member(const Settings &settings,
                                             const TrainingPart<T> &part) {
    return std::make_unique<Member<T>>(settings, part);
}

std::span<const AugmentationEntry *const> augmentations();

// Refuses names and settings that are not known, before there are data.
void check_augmentation(const Component &component);

// Looks at the training part once, and refuses CSR by name where the member wants dense rows.
template <class T>
std::unique_ptr<Augmentation<T>> make_augmentation(const Component &component,
                                                   const TrainingPart<T> &part);

} // namespace deepgen
