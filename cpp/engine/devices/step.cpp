// The optimizer's view of a batch, computed by the pass.

#include "engine/devices/step.hpp"

#include "engine/core/random.hpp"

#include <algorithm>

namespace deepgen {

template <class T>
double Step<T>::evaluate(const Team &team, Evaluation evaluation) {
    batch_.moves_running = evaluation == Evaluation::first;
    if (network_.reparametrized()) {
        parameters_.refresh(network_, team);
        team.wait();
    }
    pass_.forward(team, batch_, X_, parameters_, static_cast<Index>(network_.layers().size()) - 1,
                  Part::output);
    if (pretext_)
        pass_.loss_and_output_gradients(team, batch_, *pretext_);
    else
        pass_.loss_and_output_gradients(team, batch_, y_);
    pass_.backward(team, batch_, parameters_);
    team.wait();
    return pass_.batch_loss(batch_.rows.size) / batch_.weight_sum;
}

template <class T>
void Step<T>::visit_gradient(const Team &team, Visitor visitor) {
    if (!network_.reparametrized()) {
        pass_.weight_gradients(team, batch_, X_, parameters_, sink(visitor));
        team.wait();
        return;
    }
    // A unit's gradient has to be whole before it can be pulled back.
    pass_.weight_gradients(team, batch_, X_, parameters_,
                           [&](Index, const GradientTask &, const GradientTile<T> &tile) {
                               std::copy_n(tile.gradient, tile.n, collected_.data() + tile.offset);
                           });
    parameters_.pull_back(network_, team, collected_.data());
    team.wait();
    visit_stored_gradient(team, collected_.data(), visitor);
}

template <class T>
void Step<T>::visit_stored_gradient(const Team &team, const T *gradient, Visitor visitor) {
    pass_.visit_stored_gradient(team, gradient, sink(visitor));
    team.wait();
}

template <class T>
void Step<T>::weights_moved(const Team &team) {
    team.wait();
    if (network_.reparametrized())
        return; // the next evaluation makes the effective weights
    const IndexRange layers = team.share(static_cast<Index>(network_.layers().size()));
    for (Index layer = layers.begin; layer < layers.end; ++layer)
        network_.packed().transpose(layer, parameters_.weights.data(),
                                    parameters_.transposed.data());
    team.wait();
}

template <class T>
void Step<T>::use_draws_of(Index member) {
    const auto key_of = [&](const std::optional<std::uint64_t> &key) {
        // Counted down from zero, since layers have the numbers from zero on.
        return member == 0 || !key
                   ? key
                   : std::optional(random::child(*key, static_cast<std::uint64_t>(-member)));
    };
    batch_.dropout_key = key_of(dropout_key_);
    batch_.branch_key = key_of(branch_key_);
}

template <class T>
LayerStatistics<T> Step<T>::statistics(Index layer) const {
    LayerStatistics<T> seen{.inputs = pass_.inputs(layer, batch_.rows.size),
                            .features = {},
                            .gradients = pass_.product_gradients(layer, batch_.rows.size)};
    if (layer == 0 && X_.sparse())
        seen.features = pass_.features(X_, batch_.rows.size);
    return seen;
}

template <class T>
double Step<T>::row_share(Index row) const {
    return Pass<T>::row_weight(batch_, y_, row) / batch_.weight_sum;
}

template <class T>
void Step<T>::backward_from_sampled_targets(const Team &team, std::uint64_t key) {
    // Batch norm uses up its statistics on the way back.
    if (network_.uses_batch_statistics()) {
        batch_.moves_running = false;
        pass_.forward(team, batch_, X_, parameters_,
                      static_cast<Index>(network_.layers().size()) - 1, Part::output);
    }
    pass_.sampled_output_gradients(team, batch_, y_, key);
    pass_.backward(team, batch_, parameters_);
    team.wait();
}

template class Step<float>;
template class Step<double>;

} // namespace deepgen
