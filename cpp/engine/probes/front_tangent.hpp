// The R-operator at the front of a network, beside a pass's own front (network/front_memory.hpp).
//
//   R a = R s u + s R u                      u = the columns of the maps, R u theirs; X does not
//   move R dL/du = R s dL/da + s R dL/da R dL/ds = sum over rows of R dL/da u + dL/da R u

#pragma once

#include "engine/network/front_memory.hpp"

namespace deepgen {

class FrontTangent {
  public:
    FrontTangent(const Network<double> &network, Index max_rows, bool curvature);

    // R a_{-1} of some rows, after the pass's forward.
    void forward(const FrontMemory<double> &, const PackedParameters<double> &parameters,
                 const PackedParameters<double> &direction, IndexRange rows);
    // After R dL/da_{-1} of these rows was written.
    void backward(const FrontMemory<double> &, const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction, IndexRange rows);
    // Phase 2: R of the gradient of a task's numbers.
    void gradient(const GradientTask &, const FrontMemory<double> &,
                  const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction, Index n_rows, double *gradient) const;

    Rows<const double> outputs(Index n_rows) const {
        return {n_rows, front_.width, (scaled_.empty() ? unscaled_ : scaled_).data(), stride_};
    }
    Rows<double> gradients() { return {0, front_.width, gradients_.data(), stride_}; }

  private:
    bool scales() const { return front_.input_scale >= 0; }
    const double *scale(const PackedParameters<double> &numbers) const {
        return numbers.weights.data() + network_.packed().input_scale();
    }

    const Network<double> &network_;
    const FrontLayout &front_;
    Index stride_, column_stride_;
    Buffer<double> unscaled_, scaled_; // R u and R a; the second is empty without input scale
    Buffer<double> gradients_, below_; // R dL/da and R dL/du
    Buffer<double> columns_;           // R u by columns
    Buffer<double> column_gradients_;  // R dL/du by columns
};

} // namespace deepgen
