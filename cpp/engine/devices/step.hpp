// A batch as the optimizer sees it: evaluations and gradients of one step, over the pass.

#pragma once

#include "engine/network/pass.hpp"
#include "engine/optimizers/optimizer.hpp"

namespace deepgen {

template <class T>
class Step final : public BatchGradient<T> {
  public:
    Step(const Network<T> &network, Pass<T> &pass, const Batch<T> &batch, const Inputs<T> &X,
         const TargetsView<T> &y, PackedParameters<T> &parameters, Buffer<T> &collected,
         double penalty, Pretext<T> *pretext)
        : network_(network), pass_(pass), batch_(batch), X_(X), y_(y), parameters_(parameters),
          collected_(collected), penalty_(penalty), pretext_(pretext),
          dropout_key_(batch.dropout_key), branch_key_(batch.branch_key) {}

    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    double evaluate(const Team &, Evaluation) override;
    void visit_gradient(const Team &, Visitor) override;
    void visit_stored_gradient(const Team &, const T *gradient, Visitor) override;
    void weights_moved(const Team &) override;
    void use_draws_of(Index member) override;
    void backward_from_sampled_targets(const Team &, std::uint64_t key) override;
    LayerStatistics<T> statistics(Index layer) const override;
    double row_share(Index row) const override;
    T *weights() override { return parameters_.trained(); }
    Index n_weights() const override { return static_cast<Index>(parameters_.weights.size()); }
    Index n_weight_chunks() const override { return pass_.n_weight_chunks(); }
    double penalty() const override { return penalty_; }

  private:
    // The pass calls this for every chunk: it calls the visitor and refreshes W^T of what moved.
    auto sink(Visitor &visitor) {
        return [&](Index chunk, const GradientTask &task, const GradientTile<T> &tile) {
            const bool moved = visitor({chunk, tile.offset, tile.n, tile.gradient, tile.coefs});
            if (moved && task.kind == GradientTask::Kind::tile && !network_.reparametrized() &&
                network_.packed().layers()[as_size(task.layer)].transposes)
                network_.packed().transpose_block(task.layer, task.row, task.n_rows, task.column,
                                                  parameters_.weights.data(),
                                                  parameters_.transposed.data());
        };
    }

    const Network<T> &network_;
    Pass<T> &pass_;
    Batch<T> batch_; // this thread's own
    const Inputs<T> &X_;
    const TargetsView<T> &y_;
    PackedParameters<T> &parameters_;
    Buffer<T> &collected_; // room for a gradient, where the network is reparametrized
    double penalty_;
    Pretext<T> *pretext_;                                   // in place of y, or null
    std::optional<std::uint64_t> dropout_key_, branch_key_; // of the epoch
};

} // namespace deepgen
