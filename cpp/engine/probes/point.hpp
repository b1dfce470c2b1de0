// Parameters at which a network is measured, packed once for all measurements.
//
// Measurements only read them, so several threads may share a point. (A pass takes parameters that
// it may write, since training moves running statistics; a frozen pass writes nothing.)

#pragma once

#include "engine/network/parameters.hpp"

namespace deepgen {

class Point {
  public:
    Point(const Network<double> &network, const double *parameters);

    // No two points have the same.
    std::uint64_t number() const { return number_; }
    PackedParameters<double> &packed() const { return *packed_; }
    // W_0^T in panels, which a pass has no use for.
    const double *first_transposed() const { return first_transposed_.data(); }

  private:
    std::uint64_t number_;
    std::unique_ptr<PackedParameters<double>> packed_;
    Buffer<double> first_transposed_;
};

} // namespace deepgen
