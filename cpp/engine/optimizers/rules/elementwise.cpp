// One step of an elementwise rule: evaluate, then the rule on each chunk of the gradient.

#include "engine/optimizers/rules/elementwise.hpp"

#include <cmath>
#include <numeric>

namespace deepgen {

template <class T>
Elementwise<T>::Elementwise(const Component &component, const Kernels<T> &kernels) {
    std::vector<const Rule<T> *> rules;
    for (const Rule<T> &rule : kernels.rules)
        rules.push_back(&rule);
    rule_ = &find_member<Rule<T>>("optimizer", rules, component.name);
    const Settings settings(component, rule_->parameters);
    for (const Parameter &parameter : rule_->parameters)
        settings_.push_back(settings[parameter.name]);
}

template <class T>
void Elementwise<T>::allocate(const OptimizerContext &context) {
    const Index n_weights = context.weights.size;
    const Buffer<T> fresh(as_size(n_weights), static_cast<T>(rule_->initial(settings_.data())));
    state_.assign(as_size(rule_->n_state_arrays), fresh);
    // Chunks are whole cache lines, so there are no more of them than these.
    gradient_squares_.assign(as_size(n_weights / lane_pad<T>), 0.0);
    weight_squares_ = gradient_squares_;
}

template <class T>
StepReport Elementwise<T>::step(const Team &team, BatchGradient<T> &batch, StepSize size) {
    const double loss = batch.evaluate(team, BatchGradient<T>::Evaluation::first);
    if (!std::isfinite(loss))
        return {false, loss, 0.0, 0.0};
    const RuleConstants constants =
        rule_->constants(settings_.data(), static_cast<double>(size.count), size.rate);
    const double penalty = batch.penalty(), decay = size.rate * settings_.back();
    T *const weights = batch.weights();
    batch.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
        RuleTile<T> tile{.n = chunk.n,
                         .weights = weights + chunk.offset,
                         .gradient = chunk.gradient,
                         .state = {},
                         .penalty = chunk.coefs ? penalty : 0.0,
                         .decay = chunk.coefs ? decay : 0.0};
        for (std::size_t s = 0; s < state_.size(); ++s)
            tile.state[s] = state_[s].data() + chunk.offset;
        rule_->update(constants, tile);
        gradient_squares_[as_size(chunk.number)] = tile.gradient_squares;
        weight_squares_[as_size(chunk.number)] = chunk.coefs ? tile.weight_squares : 0.0;
        return true;
    });
    const auto total = [&](const std::vector<double> &squares) {
        return std::accumulate(squares.begin(), squares.begin() + batch.n_weight_chunks(), 0.0);
    };
    return {true, loss, total(gradient_squares_), total(weight_squares_)};
}

template <class T>
std::vector<StateArray<T>> Elementwise<T>::state() {
    std::vector<StateArray<T>> all;
    for (Buffer<T> &values : state_)
        all.push_back({std::string(rule_->name) + "_" + std::to_string(all.size()), values, true});
    return all;
}

template class Elementwise<float>;
template class Elementwise<double>;

} // namespace deepgen
