// Mixup: rows of a batch mixed in pairs, features and losses alike.
//
//   x~_i = s x_i + (1 - s) x_p(i),   l~_i = s w_i l(z_i, y_i) + (1 - s) w_p(i) l(z_i, y_p(i))
//   s ~ Beta(a, a), one a batch; p a random permutation of the batch's rows that weigh anything
//
// A loss that is linear in the target (cross-entropy) becomes that of the mixed target; squared
// error does but for s (1 - s) (y_i - y_p(i))^2 / 2, in which no output occurs.
//
// Zhang, Cisse, Dauphin & Lopez-Paz (2018), mixup: beyond empirical risk minimization.

#pragma once

#include "engine/core/function_ref.hpp"
#include "engine/network/batch.hpp"

#include <span>

namespace deepgen {

// The draws of an epoch, made at its start: whatever looks at a batch twice sees the same.
class Mixup {
  public:
    // `batch_ends` are positions in the epoch; `weighs` tells of a position.
    void begin_epoch(double a, std::uint64_t key, std::span<const Index> batch_ends,
                     FunctionRef<bool(Index)> weighs);

    Mixing of(Index batch, Index first_position) const {
        return {partners_.data() + first_position, shares_[as_size(batch)]};
    }

  private:
    std::vector<Index> partners_; // by position: the partner's place in its batch
    std::vector<double> shares_;  // of each batch
};

} // namespace deepgen
