// Swap noise: a feature takes the value that another training row has there.
//
//   x~_j = x'_j with `probability`, else x_j
//   x'   = the row shift_g places further in the epoch's order, which is a circle;
//          g = group of feature j
//
// An epoch draws 4 shifts from 1 .. n-1, and a group in 0 .. 3 for each feature. So every row gives
// each of its values away as often as it takes one: at probability 1 an epoch sees each column's
// values exactly once each, at others in expectation. Four donors a row keep CSR sparse, and take
// features that belong together apart in three of four pairs. A donor of weight 0 gives nothing.
//
// The noise of M. Jahrer's denoising autoencoders (Porto Seguro's safe driver prediction, 2017).

#include "engine/augmentations/members.hpp"
#include "engine/core/distributions.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace deepgen::augmentation {
namespace {

constexpr Parameter parameters[] = {
    {.name = "probability", .value = 0.02, .low = 0.0, .high = 1.0},
};

constexpr std::size_t n_donors = 4; // a power of 2

template <class T>
class Swap final : public Augmentation<T> {
  public:
    Swap(const Settings &settings, const TrainingPart<T> &part)
        : Augmentation<T>(part), chance_(random::chance(settings["probability"])),
          groups_(as_size(part.X.n_columns)) {}

    void change(Index position, T *features) const override {
        const Inputs<T> &X = this->part_.X;
        const std::uint64_t key = this->row_key(position);
        std::array<const T *, n_donors> donors;
        for (std::size_t g = 0; g < n_donors; ++g)
            donors[g] = X.dense + donor(position, g) * X.n_columns;
        // Donors stand anywhere: those of the next row come while this one changes.
        if (const Index next = position + 1; next < this->order_.size)
            for (std::size_t g = 0; g < n_donors; ++g)
                __builtin_prefetch(X.dense + donor(next, g) * X.n_columns);
        for (std::size_t j = 0; j < groups_.size(); ++j)
            if (swaps(key, j))
                features[j] = donors[groups_[j]][j];
    }

    // All rows are walked abreast: of each column the one row that it comes from is written.
    void change(Index position, SparseRow<T> &to) const override {
        const Inputs<T> &X = this->part_.X;
        const std::uint64_t key = this->row_key(position);
        std::array<std::int64_t, n_donors + 1> next, end;
        for (std::size_t s = 0; s <= n_donors; ++s) {
            const Index row = s < n_donors ? donor(position, s) : this->order_[position];
            next[s] = X.starts[row];
            end[s] = X.starts[row + 1];
        }
        constexpr std::int32_t none = std::numeric_limits<std::int32_t>::max();
        const auto column_of = [&](std::size_t s) {
            return next[s] < end[s] ? X.indices[next[s]] : none;
        };
        for (;;) {
            std::int32_t column = none;
            for (std::size_t s = 0; s <= n_donors; ++s)
                column = std::min(column, column_of(s));
            if (column == none)
                return;
            const std::size_t from =
                swaps(key, as_size(column)) ? groups_[as_size(column)] : n_donors;
            for (std::size_t s = 0; s <= n_donors; ++s)
                if (column_of(s) == column) {
                    if (s == from)
                        to.append(column, X.values[next[s]]);
                    ++next[s];
                }
        }
    }

    Index room(Index position) const override {
        const Inputs<T> &X = this->part_.X;
        Index n = X.n_entries(this->order_[position]);
        for (std::size_t g = 0; g < n_donors; ++g)
            n += X.n_entries(candidate(position, g));
        return std::min(n, X.n_columns);
    }

    Index n_sources() const override { return static_cast<Index>(n_donors) + 1; }

  protected:
    void draw() override {
        const auto n = static_cast<std::uint64_t>(this->order_.size);
        for (std::size_t g = 0; g < n_donors; ++g)
            shifts_[g] = n > 1 ? static_cast<Index>(1 + random::below(n - 1, this->key_, g)) : 0;
        for (std::size_t j = 0; j < groups_.size(); ++j)
            groups_[j] =
                static_cast<std::uint8_t>(random::below(n_donors, this->key_, n_donors + j));
    }

  private:
    bool swaps(std::uint64_t key, std::size_t feature) const {
        return random::happens(chance_, random::value(key, feature));
    }

    Index candidate(Index position, std::size_t group) const {
        const Index place = position + shifts_[group], n = this->order_.size;
        return this->order_[place < n ? place : place - n];
    }

    // The candidate, or the row itself where that weighs nothing.
    Index donor(Index position, std::size_t group) const {
        const Index row = candidate(position, group);
        const T *const weights = this->part_.weights;
        return weights && weights[row] == T(0) ? this->order_[position] : row;
    }

    std::uint64_t chance_;
    std::array<Index, n_donors> shifts_{};
    std::vector<std::uint8_t> groups_; // of each feature, in this epoch
};

} // namespace

constinit const AugmentationEntry swap{.name = "swap",
                                       .parameters = parameters,
                                       .takes_sparse = true,
                                       .make_float = make_member<float, Swap>,
                                       .make_double = make_member<double, Swap>};

} // namespace deepgen::augmentation
