// A batch at the front of a network: from rows of X to the inputs of layer 0, and the gradients
// back.
//
// Phase 1 goes by rows, as all of it; what an embedding sees of a feature is a column, so values
// and gradients are turned there. Phase 2 takes a feature's numbers from its columns over the whole
// batch, in one task.

#pragma once

#include "engine/core/parallel.hpp"
#include "engine/network/gradient_tasks.hpp"
#include "engine/network/parameters.hpp"

namespace deepgen {

template <class T>
class FrontMemory {
  public:
    FrontMemory(const Network<T> &network, Index max_rows, Index team_size, bool gradient);

    // This thread's rows of X into its rows of a_{-1}.
    void forward(const Team &, const PackedParameters<T> &, const Rows<const T> &X,
                 IndexRange rows);
    // After dL/da_{-1} of these rows was written, from first_column on.
    void backward(const PackedParameters<T> &, IndexRange rows);
    // Panels before it hold kept features alone, whose gradients nobody needs.
    Index first_column() const { return first_column_; }

    // Phase 2: the gradient of a task's numbers.
    void gradient(const GradientTask &, const PackedParameters<T> &, Index n_rows,
                  T *gradient) const;
    // The gradient of one row, in the places that the flat vector has for it.
    void gradient_of_row(const PackedParameters<T> &, Index row, T *flat);
    // dL/dX of the first rows, one after the other, from dL/da_{-1}.
    void input_gradients(const PackedParameters<T> &, const Rows<const T> &gradients, T *to);

    // u, a_{-1} and dL/da_{-1}.
    Rows<const T> unscaled(Index n_rows) const { return rows_of(unscaled_, n_rows); }
    Rows<const T> outputs(Index n_rows) const {
        return rows_of(scaled_.empty() ? unscaled_ : scaled_, n_rows);
    }
    Rows<const T> gradients(Index n_rows) const { return rows_of(gradients_, n_rows); }
    Rows<T> gradients() { return {0, front_.width, gradients_.data(), stride_}; }

    // The map of a feature over the first rows of its column, and dL/du in its columns.
    FeatureMap<T> map(std::size_t feature, const PackedParameters<T> &, Index n_rows) const;
    const T *column_gradients(std::size_t feature) const {
        return column_gradients_.data() +
               (front_.features[feature].column - static_cast<Index>(front_.kept.size())) *
                   column_stride_;
    }
    Index column_stride() const { return column_stride_; }
    const EmbeddingKernels<T> &member(std::size_t feature) const {
        return network_.kernels().embeddings[as_size(front_.features[feature].member)];
    }
    // From rows of width() columns to the columns of embedded features; padding becomes zero.
    void turn(const T *from, IndexRange rows, T *columns) const;

  private:
    Rows<const T> rows_of(const Buffer<T> &matrix, Index n_rows) const {
        return {n_rows, front_.width, matrix.data(), stride_};
    }
    const T *scale(const PackedParameters<T> &parameters) const {
        return parameters.weights.data() + network_.packed().input_scale();
    }
    bool scales() const { return front_.input_scale >= 0; }
    bool keeps_all() const { return static_cast<Index>(front_.kept.size()) == network_.n_inputs(); }

    const Network<T> &network_;
    const FrontLayout &front_;
    Index stride_, column_stride_, first_column_;
    Buffer<T> unscaled_;
    Buffer<T> scaled_; // empty without input scale
    Buffer<T> gradients_;
    Buffer<T> columns_;              // of embedded features, one after the other
    Buffer<T> column_gradients_;     // of what they become
    std::vector<Buffer<T>> threads_; // a tile of one feature's columns
    Buffer<T> scratch_, sums_;       // of one feature, for what goes by single rows
};

} // namespace deepgen
