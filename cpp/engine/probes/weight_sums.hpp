// Sums over rows that have the weights' shape, X^T dZ, by the product of the way forward:
//
//   sum (in, out) += X^T dZ        a = X^T by rows,    b = dZ in panels
//
// A training step reads X by columns, whose entries lie a row apart, and hands each tile on. A
// probe only adds, and its vectors share factors: each factor is turned once and read in a line.

#pragma once

#include "engine/network/pass.hpp"

namespace deepgen {

class WeightSums {
  public:
    // Room for max_rows rows.
    WeightSums(const Network<double> &network, Index max_rows, bool dense_inputs);

    // One factor of every layer, turned; empty where it takes no part.
    using Factors = std::vector<Buffer<double>>;
    enum class Side { inputs, gradients };
    // Of those layers whose weights stand in panels and whose inputs are dense; tangents of inputs
    // begin at layer 1, or with a front at 0.
    Factors factors(Side side, bool of_tangent) const;

    // This thread's rows.
    using OfLayer = FunctionRef<Rows<const double>(Index layer)>;
    void turn_inputs(const Team &, Index n_rows, OfLayer rows_of, Factors &) const;
    void turn_gradients(const Team &, Index n_rows, OfLayer rows_of, Factors &) const;

    // After the team has met: each term's product added to packed sums, in order; this thread's
    // tiles.
    struct Term {
        const Factors &inputs, &gradients;
    };
    void add(const Team &, Index n_rows, std::span<const Term> terms, double *sum) const;

    // This thread's share of the tasks of a pass that are not done here.
    std::span<const GradientTask> other_tasks(const Team &team) const { return others_.of(team); }

  private:
    // Some rows of one panel of a layer's weights.
    struct Tile {
        Index layer, row, n_rows, column, columns;
    };

    bool summed(Index layer) const;

    const Network<double> &network_;
    Index max_rows_;
    bool dense_inputs_;
    SharedItems<Tile> tiles_;
    SharedItems<GradientTask> others_;
};

} // namespace deepgen
