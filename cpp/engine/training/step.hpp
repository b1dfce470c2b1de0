// A batch as the optimizer sees it: evaluations and gradients of one step, over the pass.

#pragma once

#include "engine/network/pass.hpp"
#include "engine/optimizers/optimizer.hpp"

namespace deepgen {

// Where the gradient of a reparametrized network waits: a unit's has to be whole before it can be
// pulled back to the stored numbers.
template <class T>
struct Collected {
    Buffer<T> gradient; // packed
    std::vector<Stretch<T>> stretches;
};

template <class T>
class Step final : public BatchGradient<T> {
  public:
    Step(const Network<T> &network, Pass<T> &pass, const Batch<T> &batch, const Inputs<T> &X,
         const Targeted<T> &y, PackedParameters<T> &parameters, Collected<T> &collected,
         double alpha)
        : network_(network), pass_(pass), batch_(batch), X_(X), y_(y), parameters_(parameters),
          collected_(collected), alpha_(alpha) {}

    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    double evaluate(const Team &, Evaluation) override;
    void visit(const Team &, Visitor) override;
    void weights_moved(const Team &) override;
    LayerStatistics<T> statistics(Index layer) const override;
    T *weights() override { return parameters_.trained(); }
    Index n_weights() const override { return static_cast<Index>(parameters_.weights.size()); }
    Index n_stretches() const override { return pass_.n_stretches(); }
    double penalty() const override { return alpha_ / batch_.weight_sum; }

  private:
    void visit_stored(const Team &, Visitor);

    const Network<T> &network_;
    Pass<T> &pass_;
    Batch<T> batch_; // this thread's own
    const Inputs<T> &X_;
    const Targeted<T> &y_;
    PackedParameters<T> &parameters_;
    Collected<T> &collected_;
    double alpha_;
};

} // namespace deepgen
