// One side of a layer's curvature: a symmetric statistic over its inputs or its outputs, in blocks,
// and what LAPACK made of it last.

#pragma once

#include "engine/optimizers/optimizer.hpp"
#include "engine/optimizers/preconditioners/blocks.hpp"
#include "engine/optimizers/preconditioners/roots.hpp"

namespace deepgen {

template <class T>
class Factor {
  public:
    Factor(Index size, Index limit)
        : size_(size), blocks_(size, limit),
          statistic_(as_size(blocks_.count() * blocks_.largest() * blocks_.largest())),
          root_(statistic_.size()), values_(as_size(size), T(1)) {
        for (Index block = 0; block < blocks_.count(); ++block)
            for (Index i = 0; i < blocks_.length(block); ++i)
                root(block)[i * (blocks_.length(block) + 1)] = T(1);
    }

    Index size() const { return size_; }
    const Blocks &blocks() const { return blocks_; }

    // Of a block, (length, length), contiguous.
    T *statistic(Index block) { return statistic_.data() + start(block); }
    // The inverse, or the eigenvectors as rows; at first the identity.
    T *root(Index block) { return root_.data() + start(block); }
    const T *root(Index block) const { return root_.data() + start(block); }
    // The eigenvalues; at first ones.
    T *values(Index block) { return values_.data() + blocks_.begin(block); }
    const T *values(Index block) const { return values_.data() + blocks_.begin(block); }

    double trace() const {
        double sum = 0.0;
        for (Index block = 0; block < blocks_.count(); ++block)
            for (Index i = 0; i < blocks_.length(block); ++i)
                sum += static_cast<double>(
                    statistic_[as_size(start(block) + i * (blocks_.length(block) + 1))]);
        return sum;
    }

    // Where columns of a matrix over this side stand, each block padded to whole cache lines.
    Index place(Index block) const { return block * padded<T>(blocks_.largest()); }
    Index places() const { return place(blocks_.count()); }

    // `root_name` tells which of the two it is, so that one is never taken for the other.
    void append_state(const std::string &name, const char *root_name,
                      std::vector<StateArray<T>> &all) {
        all.push_back({name + "_statistic", statistic_, false});
        all.push_back({name + root_name, root_, false});
        all.push_back({name + "_values", values_, false});
    }

  private:
    Index start(Index block) const { return block * blocks_.largest() * blocks_.largest(); }

    Index size_;
    Blocks blocks_;
    Buffer<T> statistic_, root_, values_;
};

// A full symmetric or orthogonal matrix (n, n), or its transpose, as the products' second operand:
// in panels, padded with zeros to whole cache lines of columns.
template <class T>
void pack_panels(const T *matrix, Index n, bool transposed, Index panel, T *panels) {
    for (Index column = 0; column < padded<T>(n); column += panel) {
        const Index width = std::min(panel, padded<T>(n) - column);
        for (Index k = 0; k < n; ++k)
            for (Index j = column; j < column + width; ++j)
                *panels++ = j >= n ? T(0) : transposed ? matrix[j * n + k] : matrix[k * n + j];
    }
}

} // namespace deepgen
