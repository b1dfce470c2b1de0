// One step of an elementwise rule: evaluate, then the rule on each chunk of the gradient.

#include "engine/optimizers/rules/elementwise.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

namespace deepgen {

template <class T>
void Elementwise<T>::allocate(const OptimizerContext &context) {
    rule_.share_out(context.weights, context.rate_factors);
    const Index n_weights = context.weights.size;
    const Buffer<T> fresh(as_size(n_weights), rule_.initial());
    state_.assign(as_size(rule_.rule().n_state_arrays), fresh);
    // Chunks are whole cache lines, so there are no more of them than these.
    gradient_squares_.assign(as_size(n_weights / lane_pad<T>), 0.0);
    weight_squares_ = gradient_squares_;
}

template <class T>
StepReport Elementwise<T>::step(const Team &team, BatchGradient<T> &batch, StepSize size) {
    const double loss = batch.evaluate(team, BatchGradient<T>::Evaluation::first);
    if (!std::isfinite(loss))
        return {false, loss, 0.0, 0.0};
    const typename RatedRule<T>::Numbers numbers = rule_.numbers(size);
    const std::vector<Stretch> &stretches = rule_.stretches();
    const double penalty = batch.penalty();
    T *const weights = batch.weights();
    const auto move = [&](const WeightChunk<T> &chunk, Index begin, Index end, std::size_t factor) {
        RuleTile<T> tile{.n = end - begin,
                         .weights = weights + begin,
                         .gradient = chunk.gradient + (begin - chunk.offset),
                         .state = {},
                         .penalty = chunk.coefs ? penalty : 0.0,
                         .decay = chunk.coefs ? numbers.decays[factor] : 0.0};
        for (std::size_t s = 0; s < state_.size(); ++s)
            tile.state[s] = state_[s].data() + begin;
        rule_.rule().update(numbers.constants[factor], tile);
        return std::pair(tile.gradient_squares, chunk.coefs ? tile.weight_squares : 0.0);
    };
    batch.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
        double &gradient_squares = gradient_squares_[as_size(chunk.number)];
        double &weight_squares = weight_squares_[as_size(chunk.number)];
        const Index chunk_end = chunk.offset + chunk.n;
        if (stretches.size() == 1) {
            std::tie(gradient_squares, weight_squares) =
                move(chunk, chunk.offset, chunk_end, stretches.front().factor);
            return true;
        }
        gradient_squares = weight_squares = 0.0;
        // Weights lie in one stretch, the vectors of a layer in a few.
        auto stretch =
            std::ranges::upper_bound(stretches, chunk.offset, std::less<>{}, &Stretch::end);
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
        all.push_back(
            {std::string(rule_.rule().name) + "_" + std::to_string(all.size()), values, true});
    return all;
}

template class Elementwise<float>;
template class Elementwise<double>;

} // namespace deepgen
