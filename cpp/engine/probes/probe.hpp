// A probe: network and data held still, measured in float64 at any parameters.
//
//   L = sum_i w_i l_i / sum_i w_i,   g_i = dl_i / dw (unweighted),   G = the rows g_i (n, P)
//
// P counts the trainable numbers, in the order of the flat vector; batch norm uses its running
// statistics. Sums run over the rows of a range and add to what is there: a range may be cut at
// multiples of `measured_rows` without changing a bit, and no bit depends on the threads. Working
// memory does not grow with the number of rows.
//
// Several vectors in one call share the pass: its way forward, and its way back where that does not
// depend on the vector. Each has the bits that it has alone. Later calls at the same point share it
// too, as far as it is kept (kept_values.hpp), which changes no bit.

#pragma once

#include "engine/probes/kept_values.hpp"
#include "engine/probes/tangent.hpp"

namespace deepgen {

// Rows that a team takes through the layers at once.
inline constexpr Index measured_rows = 512;

// Some vectors of one length, one after the other.
struct Vectors {
    Index count;
    const double *data;
};

class Probe {
  public:
    // Keeps values of at most so many bytes.
    Probe(const Network<double> &network, const Inputs<double> &X, const TargetsView<double> &y,
          std::size_t kept_limit);

    const Network<double> &network() const { return network_; }
    Index n_rows() const { return X_.n_rows; }
    Index n_parameters() const { return network_.layout().n_trainable; }
    std::size_t kept_bytes() const { return kept_.bytes(); }

    // sum += the rows' share of the loss.
    void add_loss(const Point &point, IndexRange rows, double &sum, Index n_threads) const;

    // sums (k, P) += the rows' share of the Hessian's products with v (k, P).
    void add_hvp(const Point &point, Vectors v, IndexRange rows, double *sums,
                 Index n_threads) const;

    // sums (k, P) += the rows' share of J^T (d2L/dz2) J v, J = dz/dw of the outputs z.
    void add_gauss_newton(const Point &point, Vectors v, IndexRange rows, double *sums,
                          Index n_threads) const;

    // sums (k, P) += sum_i u_i g_i over the rows; u (k, n) may be negative.
    void add_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                       Index n_threads) const;

    // sums (k, P) += sum_i J_i^T u_i over the rows, J_i = dz_i/dw; u (k, n, n_outputs).
    void add_output_gradients(const Point &point, Vectors u, IndexRange rows, double *sums,
                              Index n_threads) const;

    // derivatives (k, n): g_i v for the rows, v (k, P).
    void directional(const Point &point, Vectors v, IndexRange rows, double *derivatives,
                     Index n_threads) const;

    // tangents (k, n, n_outputs): J_i v for the rows, v (k, P).
    void output_tangents(const Point &point, Vectors v, IndexRange rows, double *tangents,
                         Index n_threads) const;

    // sum (P,) += the rows' share of the diagonal of J^T (d2L/dz2) J; of networks without a front.
    void add_gauss_newton_diagonal(const Point &point, IndexRange rows, double *sum,
                                   Index n_threads) const;

    // factors += the rows' share of A and G, layer by layer (probe_blocks.cpp); A has as many rows
    // as `factor_inputs`, G as the layer has units.
    void add_kronecker_factors(const Point &point, IndexRange rows, double *factors,
                               Index n_threads) const;
    Index factor_inputs(std::size_t layer) const;

    // curvature (rows, n_outputs, n_outputs): d2l/dz2, without weights.
    void output_curvature(const Point &point, IndexRange rows, double *curvature,
                          Index n_threads) const;

    // norms (n,): |g_i| for the rows, without g_i itself.
    void norms(const Point &point, IndexRange rows, double *norms, Index n_threads) const;

    // G: g_i for the rows, one after the other.
    void gradients(const Point &point, IndexRange rows, double *G, Index n_threads) const;

    // J (m, n_outputs, P): J_i for chosen rows.
    void output_gradients(const Point &point, const Selection &rows, double *J,
                          Index n_threads) const;

    // norms (n, n_layers): |dl_i/dz_l| for the rows, z_l = a_{l-1} W_l + b_l. Marks in `alive` the
    // units, layer by layer, whose activation has a slope other than 0 at one of the rows.
    void signals(const Point &point, IndexRange rows, double *norms, bool *alive,
                 Index n_threads) const;

    // J (n, n_outputs, n_inputs): dz/dx at each row of any X.
    void jacobian(const Point &point, const Inputs<double> &X, double *J, Index n_threads) const;

  private:
    // One chunk of rows, as a team goes through it after the way forward.
    struct Chunk;
    struct Sums;
    struct RowGradients;
    using Steps = FunctionRef<void(const Team &, const Chunk &)>;
    void over_chunks(const Point &point, IndexRange rows, KeptValues::Wish wish, Index n_threads,
                     Steps steps) const;

    template <class LayerRows, class Second, class Done>
    void each_output(const Team &team, const Chunk &chunk, Buffer<double> &unit,
                     std::vector<LayerRows> &firsts, Second second, Done done) const;
    // Packed, each for itself.
    std::vector<PackedParameters<double>> directions_of(Vectors v,
                                                        PackedParameters<double>::Use use) const;

    // What one thread needs to take some rows forward and back alone.
    struct Worker;
    using Rowwise = FunctionRef<void(Worker &, const Inputs<double> &, Index first, Index n)>;
    // `chosen` may be null; else `rows` is a range of it.
    void by_rows(const Point &point, const Inputs<double> &X, IndexRange rows,
                 const std::int64_t *chosen, Index n_threads, Rowwise work) const;
    // R z of a thread's rows, along one direction after the other.
    using Moved = FunctionRef<void(const Chunk &, Index j, IndexRange, const Rows<const double> &)>;
    void along(const Point &point, Vectors v, IndexRange rows, Index n_threads, bool with_loss,
               Moved moved) const;
    // The gradients of the outputs, each row by itself.
    void loss_gradients(Worker &, Index first) const;

    const Network<double> &network_;
    Inputs<double> X_;
    TargetsView<double> y_;
    double weight_sum_ = 0.0;
    mutable KeptValues kept_;
};

// The rows from `first` on.
[[nodiscard]] Inputs<double> from_row(const Inputs<double> &X, Index first);
[[nodiscard]] TargetsView<double> from_row(const TargetsView<double> &y, Index first);

} // namespace deepgen
