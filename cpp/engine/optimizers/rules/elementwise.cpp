// One step of an elementwise rule: evaluate, then the rule on each chunk of the gradient.

#include "engine/optimizers/rules/elementwise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

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

// Which weights have which factor. Without factors there is one stretch with factor 1.
template <class T>
void Elementwise<T>::share_out(const OptimizerContext &context) {
    const RateFactors &given = context.rate_factors;
    for (const auto &[role, factor] : given) {
        require(std::ranges::find(rate_roles, role) != std::end(rate_roles), "unknown role '", role,
                "' of a rate factor; known: ", joined(rate_roles));
        require(factor >= 0.0 && std::isfinite(factor), "the rate factor of '", role,
                "' must be finite and not negative, got ", factor);
    }
    factors_ = {1.0};
    stretches_.clear();
    for (const PackedStretch &stretch : context.weights.stretches) {
        auto found = given.find(stretch.role);
        // The first matrix is one like the others where no factor names it.
        if (found == given.end() && stretch.role == "first_coefs")
            found = given.find("coefs");
        const double factor = found == given.end() ? 1.0 : found->second;
        const auto known = std::ranges::find(factors_, factor);
        const auto number = static_cast<std::size_t>(known - factors_.begin());
        if (known == factors_.end())
            factors_.push_back(factor);
        if (!stretches_.empty() && stretches_.back().factor == number)
            stretches_.back().end = stretch.end;
        else
            stretches_.push_back({stretch.end, number});
    }
}

template <class T>
void Elementwise<T>::allocate(const OptimizerContext &context) {
    share_out(context);
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
    const double decay = size.weight_decay.value_or(settings_.back());
    // Of each factor.
    std::array<RuleConstants, std::size(rate_roles) + 1> constants;
    std::array<double, std::size(rate_roles) + 1> decays;
    for (std::size_t i = 0; i < factors_.size(); ++i) {
        const double rate = factors_[i] * size.rate;
        constants[i] = rule_->constants(settings_.data(), static_cast<double>(size.count), rate);
        decays[i] = rate * decay;
    }
    const double penalty = batch.penalty();
    T *const weights = batch.weights();
    const auto move = [&](const WeightChunk<T> &chunk, Index begin, Index end, std::size_t factor) {
        RuleTile<T> tile{.n = end - begin,
                         .weights = weights + begin,
                         .gradient = chunk.gradient + (begin - chunk.offset),
                         .state = {},
                         .penalty = chunk.coefs ? penalty : 0.0,
                         .decay = chunk.coefs ? decays[factor] : 0.0};
        for (std::size_t s = 0; s < state_.size(); ++s)
            tile.state[s] = state_[s].data() + begin;
        rule_->update(constants[factor], tile);
        return std::pair(tile.gradient_squares, chunk.coefs ? tile.weight_squares : 0.0);
    };
    batch.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
        double &gradient_squares = gradient_squares_[as_size(chunk.number)];
        double &weight_squares = weight_squares_[as_size(chunk.number)];
        const Index chunk_end = chunk.offset + chunk.n;
        if (stretches_.size() == 1) {
            std::tie(gradient_squares, weight_squares) =
                move(chunk, chunk.offset, chunk_end, stretches_.front().factor);
            return true;
        }
        gradient_squares = weight_squares = 0.0;
        // Weights lie in one stretch, the vectors of a layer in a few.
        auto stretch =
            std::ranges::upper_bound(stretches_, chunk.offset, std::less<>{}, &Stretch::end);
        for (Index begin = chunk.offset; begin < chunk_end; begin = stretch++->end) {
            const auto [of_gradient, of_weights] =
                move(chunk, begin, std::min(stretch->end, chunk_end), stretch->factor);
            gradient_squares += of_gradient;
            weight_squares += of_weights;
        }
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
