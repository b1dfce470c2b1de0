// The R-operator along a pass: how everything in it moves when the parameters move in a direction.
//
//   R f(w) = d/dr f(w + r v) at r = 0
//
//   forward    R z_l = R a_{l-1} W + a_{l-1} V + v_b,   R h_l = f'(y) R y
//   outputs    R dL/dz_L = (d2L/dz_L2) R z_L
//   back       R dL/dy = f'(y) R dL/da + f''(y) R y dL/da
//              R dL/da_{l-1} = R dL/dz_l W^T + dL/dz_l V^T
//   weights    R dL/dW_l = a_{l-1}^T R dL/dz_l + R a_{l-1}^T dL/dz_l
//
// An activation with trained slopes has more terms (kernels/parametric.hpp).
// y is z, or what the normalization makes of it, and a is h, or what the skip makes of it; these
// have their own R (normalizations/, skips/). The last line is the Hessian's product with v. A kink
// of activation or loss counts as no curvature.
//
// Pearlmutter (1994), Fast exact multiplication by the Hessian, section 3.

#pragma once

#include "engine/probes/deltas.hpp"
#include "engine/probes/front_tangent.hpp"

namespace deepgen {

class Tangent {
  public:
    enum class Purpose { forward, curvature }; // the second needs the memory of the first

    // Beside a pass of the same network, rows and team.
    Tangent(const Network<double> &network, Index max_rows, Index team_size, Purpose purpose);

    // After the pass's forward: R a_l of this thread's rows, for all layers. The direction has the
    // layout of the parameters.
    void forward(const Team &, const Batch<double> &, const Inputs<double> &,
                 const Pass<double> &pass, const PackedParameters<double> &parameters,
                 const PackedParameters<double> &direction);

    // (d2L/dz2) R z of this thread's rows, after the pass's losses: kept as the tangent of the
    // gradients of the outputs ...
    void tangent_of_output_gradients(const Team &, const Batch<double> &,
                                     const TargetsView<double> &, Pass<double> &pass);
    // ... or written over the gradients of the outputs themselves.
    void curvature_as_output_gradients(const Team &, const Batch<double> &,
                                       const TargetsView<double> &, Pass<double> &pass) const;

    // After the pass's way back, of which `deltas` were taken: R dL/dz_l of this thread's rows.
    void backward(const Team &, const Batch<double> &, const Pass<double> &pass,
                  const Deltas &deltas, const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction);

    // Phase 2: the tangent of the gradient of some tasks' weights. The sink has to add.
    void weight_gradients(const Team &, const Batch<double> &, const Inputs<double> &,
                          Pass<double> &pass, const Deltas &deltas,
                          const PackedParameters<double> &parameters,
                          const PackedParameters<double> &direction,
                          std::span<const GradientTask> tasks, Pass<double>::Sink sink);

    // R a_l; of l = -1 what the front gives, where there is one.
    Rows<const double> outputs(Index layer, Index n_rows) const;
    // R dL/dz_l, with R dL/dz_T in the columns of a gate.
    Rows<const double> product_gradients(Index layer, Index n_rows) const;

  private:
    struct LayerMemory {
        Index stride;
        Buffer<double> output;               // R z or R y, then R a
        Buffer<double> gradients;            // R dL/da, then R dL/dz
        Buffer<double> slope, slope_tangent; // f'(y) and f''(y) R y, where no mask stands for them
        Buffer<double> lift, lift_tangent, lifted; // dh/da and R of it, then R dL/da, of slopes a
        Buffer<double> product; // R a_{l-1} W of a narrow layer; R z and R z_T with a gate
        Buffer<double> branch;  // R h, where the skip needs it beside R a
        Buffer<double> product_gradients; // R dL/dz and R dL/dz_T with a gate
        Index product_stride;
        std::unique_ptr<NormalizationMemory<double>> normalization;

        Buffer<double> &branch_or_output() { return branch.empty() ? output : branch; }
    };

    void multiply(const Inputs<double> &, const Batch<double> &, const Pass<double> &,
                  const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction, Index layer, IndexRange rows);
    void activate(const Batch<double> &, const Pass<double> &,
                  const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction, Index layer, IndexRange rows);
    SkipTangent<double> skip_tangent(Index layer, IndexRange rows) const;
    void skip_forward(const Pass<double> &, Index layer, IndexRange rows, Buffer<double> &output);
    void skip_backward(const Pass<double> &, const Rows<const double> &gradients, Index layer,
                       IndexRange rows);
    void backward(const Team &, const Batch<double> &, const Pass<double> &, const Deltas &,
                  const PackedParameters<double> &parameters,
                  const PackedParameters<double> &direction, Index layer, GradientStage stage);
    void propagate(const Batch<double> &, const Pass<double> &, const Deltas &,
                   const PackedParameters<double> &parameters,
                   const PackedParameters<double> &direction, Index layer, IndexRange rows);
    NormalizationTangent<double> normalization_call(const PackedParameters<double> &parameters,
                                                    const PackedParameters<double> &direction,
                                                    Index layer, IndexRange rows, double *y);

    const Network<double> &network_;
    std::vector<LayerMemory> layers_;
    std::optional<FrontTangent> front_;
};

} // namespace deepgen
