#include "engine/training/trainer.hpp"

#include "engine/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace deepgen {
namespace {

// Below this many multiply-adds a thread and step, meeting costs more than sharing saves; and below
// this many a thread and region, beginning and ending it may (on a busy machine that waits for the
// scheduler).
constexpr double worthwhile_step = 4e5;
constexpr double worthwhile_region = 2e7;

} // namespace

template <class T>
Trainer<T>::Trainer(const Network<T> &network, const TrainingSpec &spec)
    : network_(network), spec_(spec), optimizer_(spec.optimizer, network.kernels()),
      parameters_(network),
      slots_(as_size(optimizer_.n_slots()), Buffer<T>(parameters_.weights.size())) {
    require(spec.batch_size >= 1, "batch_size must be at least 1, got ", spec.batch_size);
    require(spec.alpha >= 0.0, "alpha must not be negative, got ", spec.alpha);
}

template <class T>
void Trainer<T>::set_data(const Inputs<T> &X, const Targeted<T> &y, const Selection &rows) {
    require(rows.size >= 1, "training needs at least one row, got ", rows.size);
    require(rows.size >= 2 || !network_.joins_rows(),
            "batch norm needs at least two rows in a batch, got one training row");
    X_ = X;
    y_ = y;
    rows_.resize(as_size(rows.size));
    for (Index i = 0; i < rows.size; ++i)
        rows_[as_size(i)] = rows[i];
    order_ = rows_;

    batch_ends_.clear();
    for (Index end = spec_.batch_size; end < rows.size; end += spec_.batch_size)
        batch_ends_.push_back(end);
    // A batch of one row has no batch statistics: it joins the one before.
    if (network_.joins_rows() && !batch_ends_.empty() && rows.size - batch_ends_.back() == 1)
        batch_ends_.pop_back();
    batch_ends_.push_back(rows.size);
    require(!network_.joins_rows() || spec_.batch_size >= 2 || batch_ends_.size() == 1,
            "batch norm needs at least two rows in a batch, got batch_size 1");
    batch_weights_.resize(batch_ends_.size());
    next_batch_ = steps_per_epoch();
    position_ = rows.size;
    pass_.reset();
}

template <class T>
void Trainer<T>::begin_epoch(std::uint64_t epoch) {
    require(!rows_.empty(), "set_data comes before begin_epoch");
    const auto n = static_cast<Index>(rows_.size());
    std::ranges::copy(rows_, order_.begin());
    if (spec_.shuffle) {
        const std::uint64_t key =
            random::child(random::stream(spec_.seed, random::Purpose::shuffle), epoch);
        for (Index i = n - 1; i > 0; --i) {
            const auto place = static_cast<std::uint64_t>(i);
            std::swap(order_[as_size(i)], order_[random::below(place + 1, key, place)]);
        }
    }
    dropout_key_ = random::child(random::stream(spec_.seed, random::Purpose::dropout), epoch);
    Index begin = 0;
    for (std::size_t b = 0; b < batch_ends_.size(); ++b) {
        double sum = 0.0;
        for (Index i = begin; i < batch_ends_[b]; ++i)
            sum += y_.weights ? static_cast<double>(y_.weights[order_[as_size(i)]]) : 1.0;
        batch_weights_[b] = sum;
        begin = batch_ends_[b];
    }
    next_batch_ = 0;
    position_ = 0;
}

template <class T>
Batch<T> Trainer<T>::batch(Index number) const {
    const Index begin = number == 0 ? 0 : batch_ends_[as_size(number - 1)];
    return {.rows = {batch_ends_[as_size(number)] - begin, order_.data() + begin},
            .weight_sum = batch_weights_[as_size(number)],
            .training = true,
            .dropout_key = dropout_key_,
            .first_position = begin};
}

template <class T>
Progress Trainer<T>::run(std::span<const double> rates, Index n_threads) {
    require(!rows_.empty(), "set_data and begin_epoch come before run");
    Progress progress;
    if (next_batch_ >= steps_per_epoch()) {
        progress.epoch_done = true;
        return progress;
    }
    const Index largest =
        std::min(std::max(spec_.batch_size + 1, Index{2}), static_cast<Index>(rows_.size()));
    n_threads = std::clamp(n_threads, Index{1}, n_row_blocks(largest));
    if (!pass_ || team_size_ < n_threads) {
        team_size_ = n_threads;
        pass_.emplace(network_, largest, n_threads, !X_.sparse(), Pass<T>::Purpose::gradient);
        gradient_squares_.assign(as_size(pass_->n_stretches()), 0.0);
        weight_squares_.assign(gradient_squares_.size(), 0.0);
    }
    const double step_work = pass_->cost_of_step(std::min(spec_.batch_size, largest));
    const double region_work =
        step_work * static_cast<double>(std::min(static_cast<Index>(rates.size()),
                                                 steps_per_epoch() - next_batch_));
    const double worthwhile =
        std::min(step_work / worthwhile_step, region_work / worthwhile_region);
    n_threads =
        std::min(n_threads, std::max(static_cast<Index>(std::min(worthwhile, 1e6)), Index{1}));
    Index next = next_batch_;
    parallel(n_threads, [&](const Team &team) {
        const FlushDenormals flush;
        std::size_t made = 0;
        Index number = next_batch_;
        for (; number < steps_per_epoch() && made < rates.size(); ++number) {
            const Batch<T> rows = batch(number);
            if (rows.weight_sum == 0.0)
                continue; // makes no step, and uses up no rate
            if (!step(team, rows, n_steps_ + 1 + static_cast<Index>(made), rates[made], progress))
                break;
            ++made;
        }
        if (team.rank == 0)
            next = number;
    });
    next_batch_ = next;
    n_steps_ += progress.n_steps;
    // The loss is finite a step longer than the weights.
    progress.finite = progress.finite && std::isfinite(progress.gradient_norm);
    position_ = next_batch_ == 0 ? 0 : batch_ends_[as_size(next_batch_ - 1)];
    progress.epoch_done = next_batch_ >= steps_per_epoch();
    return progress;
}

// False when the loss is not finite: the step is not made. Every thread comes to the same answer.
template <class T>
bool Trainer<T>::step(const Team &team, const Batch<T> &rows, Index count, double rate,
                      Progress &progress) {
    pass_->forward(team, rows, X_, parameters_, static_cast<Index>(network_.layers().size()) - 1,
                   Part::output);
    pass_->loss_and_slopes(team, rows, y_);
    pass_->backward(team, rows, parameters_);
    team.wait();

    const double loss = pass_->batch_loss(rows.rows.size) / rows.weight_sum;
    if (!std::isfinite(loss)) {
        if (team.rank == 0)
            progress.finite = false;
        return false;
    }
    update(team, rows, count, rate);
    team.wait();
    if (team.rank == 0) {
        const double weights = std::accumulate(weight_squares_.begin(), weight_squares_.end(), 0.0);
        const double gradient =
            std::accumulate(gradient_squares_.begin(), gradient_squares_.end(), 0.0);
        progress.loss += (loss + 0.5 * spec_.alpha * weights / rows.weight_sum) *
                         static_cast<double>(rows.rows.size);
        progress.gradient_norm += std::sqrt(gradient);
        progress.n_rows += rows.rows.size;
        ++progress.n_steps;
    }
    return true;
}

// The gradient's tiles go through the rule while they are hot, and on into W^T.
template <class T>
void Trainer<T>::update(const Team &team, const Batch<T> &rows, Index count, double rate) {
    const RuleConstants constants = optimizer_.constants(count, rate);
    const double penalty = spec_.alpha / rows.weight_sum, decay = optimizer_.decay(rate);
    pass_->weight_gradients(
        team, rows, X_, [&](Index stretch, const WorkItem &item, const GradientTile<T> &gradient) {
            RuleTile<T> tile{.n = gradient.n,
                             .weights = parameters_.weights.data() + gradient.offset,
                             .gradient = gradient.gradient,
                             .slots = {},
                             .penalty = gradient.coefs ? penalty : 0.0,
                             .decay = gradient.coefs ? decay : 0.0};
            for (std::size_t s = 0; s < slots_.size(); ++s)
                tile.slots[s] = slots_[s].data() + gradient.offset;
            optimizer_.update(constants, tile);
            gradient_squares_[as_size(stretch)] = tile.gradient_squares;
            weight_squares_[as_size(stretch)] = gradient.coefs ? tile.weight_squares : 0.0;
            if (item.kind == WorkItem::Kind::tile && item.layer > 0)
                network_.packed().transpose_block(item.layer, item.row, item.n_rows, item.column,
                                                  parameters_.weights.data(),
                                                  parameters_.transposed.data());
        });
}

template <class T>
void Trainer<T>::store_slot(Index slot, T *flat) const {
    network_.packed().unpack(slots_[as_size(slot)].data(), flat);
}

template <class T>
void Trainer<T>::load_slot(Index slot, const T *flat) {
    network_.packed().pack(flat, slots_[as_size(slot)].data());
}

template class Trainer<float>;
template class Trainer<double>;

} // namespace deepgen
