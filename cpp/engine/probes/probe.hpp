// A probe: network and data held still, measured in float64 at any parameters.
//
//   L = sum_i w_i l_i / sum_i w_i,   g_i = dl_i / dw (unweighted),   G = the rows g_i (n, P)
//
// P counts the trainable numbers, in the order of the flat vector; batch norm uses its running
// statistics. Sums run over the rows of a range and add to what is there: a range may be cut at
// multiples of `measured_rows` without changing a bit, and no bit depends on the threads. Working
// memory does not grow with the number of rows.

#pragma once

#include "engine/probes/tangent.hpp"

namespace deepgen {

// Rows that a team takes through the layers at once.
inline constexpr Index measured_rows = 512;

class Probe {
  public:
    Probe(const Network<double> &network, const Inputs<double> &X, const TargetsView<double> &y);

    const Network<double> &network() const { return network_; }
    Index n_rows() const { return X_.n_rows; }
    Index n_parameters() const { return network_.layout().n_trainable; }

    // sum (P,) += the rows' share of the Hessian's product with v (P,).
    void add_hvp(const double *parameters, const double *v, IndexRange rows, double *sum,
                 Index n_threads) const;

    // sum (P,) += the rows' share of J^T (d2L/dz2) J v, J = dz/dw of the outputs z.
    void add_gauss_newton(const double *parameters, const double *v, IndexRange rows, double *sum,
                          Index n_threads) const;

    // sum (P,) += sum_i u_i g_i over the rows; u (n,) may be negative.
    void add_gradients(const double *parameters, const double *u, IndexRange rows, double *sum,
                       Index n_threads) const;

    // derivatives (n,): g_i v for the rows.
    void directional(const double *parameters, const double *v, IndexRange rows,
                     double *derivatives, Index n_threads) const;

    // norms (n,): |g_i| for the rows, without g_i itself.
    void norms(const double *parameters, IndexRange rows, double *norms, Index n_threads) const;

    // G: g_i for the rows, one after the other.
    void gradients(const double *parameters, IndexRange rows, double *G, Index n_threads) const;

    // norms (n, n_layers): |dl_i/dz_l| for the rows, z_l = a_{l-1} W_l + b_l. Marks in `alive` the
    // units, layer by layer, whose activation has a slope other than 0 at one of the rows.
    void signals(const double *parameters, IndexRange rows, double *norms, bool *alive,
                 Index n_threads) const;

    // J (n, n_outputs, n_inputs): dz/dx at each row of any X.
    void jacobian(const double *parameters, const Inputs<double> &X, double *J,
                  Index n_threads) const;

  private:
    // One chunk of a sum, as a team goes through it: rows forward and back, then weights.
    struct Chunk;
    using Steps = FunctionRef<void(const Team &, const Chunk &)>;
    void add_over_chunks(const double *parameters, const double *weights, double weight_sum,
                         IndexRange rows, double *sum, Index n_threads, Steps phase_1,
                         Steps phase_2) const;

    // What one thread needs to take some rows forward and back alone.
    struct Worker;
    using Rowwise = FunctionRef<void(Worker &, const Inputs<double> &, Index first, Index n)>;
    void by_rows(const double *parameters, const double *direction, const Inputs<double> &X,
                 IndexRange rows, Index n_threads, Rowwise work) const;
    // The gradients of the outputs, each row by itself.
    void loss_gradients(Worker &, Index first) const;

    const Network<double> &network_;
    Inputs<double> X_;
    TargetsView<double> y_;
    double weight_sum_ = 0.0;
};

// The rows from `first` on.
[[nodiscard]] Inputs<double> from_row(const Inputs<double> &X, Index first);
[[nodiscard]] TargetsView<double> from_row(const TargetsView<double> &y, Index first);

} // namespace deepgen
