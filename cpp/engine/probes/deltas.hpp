// The gradients of a pass's way back, at the stages at which a tangent's way back reads them.

#pragma once

#include "engine/network/pass.hpp"

namespace deepgen {

class Deltas {
  public:
    Deltas(const Network<double> &network, Index max_rows);

    std::size_t bytes() const;

    // What the visitor of the pass's way back has to call.
    void take(const Team &, const Pass<double> &, Index n_rows, Index layer, GradientStage stage);
    Rows<const double> at(Index layer, GradientStage stage, Index n_rows) const;

  private:
    // Of one layer and stage; empty where no tangent reads it.
    struct Matrix {
        Index width = 0, stride = 0;
        Buffer<double> data;
    };
    const Matrix &matrix(Index layer, GradientStage stage) const {
        return layers_[as_size(layer)][static_cast<std::size_t>(stage)];
    }

    std::vector<std::array<Matrix, gradient_stages.size()>> layers_;
};

} // namespace deepgen
