// A dimension cut into blocks of nearly equal size, none above a limit: matrices over it become
// block-diagonal, so that their memory and their inverses stay in proportion to the weights.

#pragma once

#include "engine/core/types.hpp"

#include <algorithm>

namespace deepgen {

class Blocks {
  public:
    Blocks(Index size, Index limit)
        : size_(size), count_((size + limit - 1) / limit), length_((size + count_ - 1) / count_) {
        count_ = (size + length_ - 1) / length_;
    }

    Index count() const { return count_; }
    Index largest() const { return length_; }
    Index begin(Index block) const { return block * length_; }
    Index end(Index block) const { return std::min(size_, begin(block) + length_); }
    Index length(Index block) const { return end(block) - begin(block); }

  private:
    Index size_, count_, length_;
};

} // namespace deepgen
