// A network: its spec made ready to run on one SIMD path. Immutable; parameters always come from
// outside.

#pragma once

#include "engine/core/samples.hpp"
#include "engine/losses/loss.hpp"
#include "engine/network/layout.hpp"
#include "engine/normalizations/normalization.hpp"
#include "engine/reparametrizations/reparametrization.hpp"
#include "engine/skips/skip.hpp"

namespace deepgen {

// y and weights. Either values or classes, as the loss takes them; null weights are ones.
template <class T>
struct TargetsView {
    Index n_targets;
    const T *values = nullptr;
    const std::int32_t *classes = nullptr;
    const T *weights = nullptr;
};

// What a layer does between its product and its output, worked out once.
template <class T>
struct LayerPlan {
    Index n_inputs, width;
    Index activation;                                // number in the catalog
    bool parametric;                                 // with a trained slope of each unit
    bool from_output;                                // the slope is computed from the value
    std::unique_ptr<Normalization<T>> normalization; // null without
    std::unique_ptr<Skip<T>> skip;                   // null without
    Index skip_from;
    bool skips_before_normalization;
    Index gate; // number of the gate's activation; -1 without a gate
    double dropout, branch_drop;
    bool relu_in_product; // max(., 0) while the tile is in registers
    bool relu_in_normalization;
    // The product that computes dL/da of this layer applies ReLU's slope and dropout's scale too.
    bool masked;
    bool keeps_value; // what the slope is computed from is not what the layer gives
    T mask_scale;
    bool identity;
    std::unique_ptr<const Reparametrization> reparametrization; // null without
    bool centred;                                               // by that
};

enum class Part { output, product }; // of a layer: a_l or z_l

// Rows that are measured in one go: enough to keep the products busy, few enough for the second
// cache. Fixed, so that sums over chunks do not depend on the thread count.
inline constexpr Index inference_rows = 240;

template <class T>
struct PackedParameters;

template <class T>
class Network {
  public:
    Network(NetworkSpec spec, const Kernels<T> &kernels);
    Network(const Network &) = delete;

    const NetworkSpec &spec() const { return spec_; }
    const Layout &layout() const { return layout_; }
    const PackedLayout<T> &packed() const { return packed_; }
    const Kernels<T> &kernels() const { return kernels_; }
    const Loss<T> &loss() const { return *loss_; }
    const std::vector<LayerPlan<T>> &layers() const { return layers_; }
    Index n_inputs() const { return spec_.n_inputs; } // columns of X
    bool has_front() const { return spec_.has_front(); }
    // What is fixed for each embedded feature.
    const std::vector<Buffer<T>> &front_constants() const { return front_constants_; }
    Index n_outputs() const { return spec_.layers.back().width; }
    Index n_targets() const { return n_targets_; }
    bool takes_classes() const { return takes_classes_; }
    // Does a layer from `from` on add the output of `layer`?
    bool is_added(Index layer, Index from) const;
    // Some layer does; a batch of one row has none.
    bool uses_batch_statistics() const { return uses_batch_statistics_; }
    bool reparametrized() const { return reparametrized_; } // some layer is

    // The parameters with the weights that products use in place of the trained coefs.
    void effective(const T *parameters, T *out) const;

    // a_l or z_l for the selected rows in inference mode, (rows.size, width). Parameters are flat,
    // or packed, which a caller of many small calls does once; they stay as they are.
    void activations(const T *parameters, const Inputs<T> &X, const Selection &rows, Index layer,
                     Part part, T *out, Index n_threads) const;
    void activations(PackedParameters<T> &parameters, const Inputs<T> &X, const Selection &rows,
                     Index layer, Part part, T *out, Index n_threads) const;

    // Predictions in the targets' units, (rows.size, n_outputs): mean + scale * m with (n_targets,)
    // of both, m the inverse link of the outputs, all in double. Returns how many rows have numbers
    // that are not finite.
    Index predict(const T *parameters, const Inputs<T> &X, const Selection &rows,
                  const double *mean, const double *scale, double *out, Index n_threads) const;
    // The same from outputs that were computed elsewhere, (n_rows, n_outputs).
    Index predict(const T *outputs, Index n_rows, const double *mean, const double *scale,
                  double *out) const;

    // Mean and biased variance of each unit's z_l over the selected rows, in inference mode;
    // (width,) each.
    void moments(const T *parameters, const Inputs<T> &X, const Selection &rows, Index layer,
                 double *mean, double *variance, Index n_threads) const;

    // The loss over the selected rows and, unless null, its gradient (n_parameters,), zero at the
    // buffers. `training` takes batch statistics from this call instead of the running ones.
    double loss_and_gradient(const T *parameters, const Inputs<T> &X, const TargetsView<T> &y,
                             const Selection &rows, double alpha, bool training, T *gradient,
                             Index n_threads) const;
    // The loss without L2 from outputs that were computed elsewhere, (rows.size, n_outputs).
    double loss_of_outputs(const T *outputs, const TargetsView<T> &y, const Selection &rows) const;

  private:
    // Predictions from rows of outputs; how many rows of them are not finite?
    Index in_units(Rows<const T> outputs, const double *mean, const double *scale,
                   double *to) const;
    // Measures rows in chunks, which threads share: take(i, a) gets a_l or z_l of the rows from i
    // on, and each row once.
    template <class Take>
    void each_chunk(PackedParameters<T> &parameters, const Inputs<T> &X, const Selection &rows,
                    Index layer, Part part, Index n_threads, const Take &take) const;

    NetworkSpec spec_;
    const Kernels<T> &kernels_;
    Layout layout_;
    PackedLayout<T> packed_;
    std::vector<LayerPlan<T>> layers_;
    std::vector<Buffer<T>> front_constants_;
    std::unique_ptr<Loss<T>> loss_;
    Index n_targets_;
    bool takes_classes_;
    bool uses_batch_statistics_ = false, reparametrized_ = false;
};

} // namespace deepgen
