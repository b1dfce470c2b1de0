// Wrappers: an optimizer that owns another, and hands it a changed view of the batch.
//
// A member states its parameters and derives twice: from Wrapper (its state and its step) and from
// BatchDecorator (its view of the batch). What it does not override is passed on unchanged.

#pragma once

#include "engine/optimizers/optimizer.hpp"

#include <utility>

namespace deepgen {

template <class T>
class BatchDecorator : public BatchGradient<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    explicit BatchDecorator(BatchGradient<T> &inner) : inner_(inner) {}

    double evaluate(const Team &team, Evaluation evaluation) override {
        return inner_.evaluate(team, evaluation);
    }
    void visit_gradient(const Team &team, Visitor visitor) override {
        inner_.visit_gradient(team, visitor);
    }
    void visit_stored_gradient(const Team &team, const T *gradient, Visitor visitor) override {
        inner_.visit_stored_gradient(team, gradient, visitor);
    }
    void weights_moved(const Team &team) override { inner_.weights_moved(team); }
    void use_draws_of(Index member) override { inner_.use_draws_of(member); }
    void backward_from_sampled_targets(const Team &team, std::uint64_t key) override {
        inner_.backward_from_sampled_targets(team, key);
    }
    LayerStatistics<T> statistics(Index layer) const override { return inner_.statistics(layer); }
    double row_share(Index row) const override { return inner_.row_share(row); }
    T *weights() override { return inner_.weights(); }
    Index n_weights() const override { return inner_.n_weights(); }
    Index n_weight_chunks() const override { return inner_.n_weight_chunks(); }
    double penalty() const override { return inner_.penalty(); }

  protected:
    BatchGradient<T> &inner_;
};

template <class T>
class Wrapper : public Optimizer<T> {
  public:
    explicit Wrapper(std::unique_ptr<Optimizer<T>> base) : base_(std::move(base)) {}

    void allocate(const OptimizerContext &context) override { base_->allocate(context); }
    void make_room(Index n_rows, Index n_threads, bool dense_inputs) override {
        base_->make_room(n_rows, n_threads, dense_inputs);
    }
    std::vector<StateArray<T>> state() override { return base_->state(); }
    void state_loaded() override { base_->state_loaded(); }

  protected:
    std::unique_ptr<Optimizer<T>> base_;
};

// How a wrapper is listed and made.
struct WrapperEntry {
    template <class T>
    using Make = std::unique_ptr<Optimizer<T>> (*)(std::unique_ptr<Optimizer<T>> base,
                                                   const Settings &, const Kernels<T> &);

    std::string_view name;
    std::span<const Parameter> parameters;
    Make<float> make_float;
    Make<double> make_double;
};

// An entry whose member is constructed from (base, settings, kernels).
template <template <class> class Member>
constexpr WrapperEntry wrapper_entry(std::string_view name, std::span<const Parameter> parameters) {
    return {name, parameters,
            [](std::unique_ptr<Optimizer<float>> base, const Settings &settings,
               const Kernels<float> &kernels) -> std::unique_ptr<Optimizer<float>> {
                return std::make_unique<Member<float>>(std::move(base), settings, kernels);
            },
            [](std::unique_ptr<Optimizer<double>> base, const Settings &settings,
               const Kernels<double> &kernels) -> std::unique_ptr<Optimizer<double>> {
                return std::make_unique<Member<double>>(std::move(base), settings, kernels);
            }};
}

} // namespace deepgen
