// Batches in the epoch's order, the plan of a slice, and the sums of its reports.

#include "engine/training/trainer.hpp"

#include "engine/network/gradient_tasks.hpp"
#include "engine/pretexts/pretext.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace deepgen {

template <class T>
Trainer<T>::Trainer(const Network<T> &network, std::unique_ptr<Device<T>> device,
                    const TrainingSpec &spec)
    : network_(network), device_(std::move(device)), spec_(spec) {
    require(spec.batch_size >= 1, "batch_size must be at least 1, got ", spec.batch_size);
    require(spec.alpha >= 0.0, "alpha must not be negative, got ", spec.alpha);
    device_->prepare(spec);
    if (spec.pretext) {
        const PretextEntry &pretext = checked_pretext(*spec.pretext);
        n_views_ = pretext.n_views;
        couples_rows_ = pretext.couples_rows;
    }
}

template <class T>
void Trainer<T>::set_data(const Inputs<T> &X, const TargetsView<T> &y, const Selection &rows) {
    require(rows.size >= 1, "training needs at least one row, got ", rows.size);
    require(rows.size >= 2 || !network_.uses_batch_statistics(),
            "batch norm needs at least two rows in a batch, got one training row");
    std::vector<std::int64_t> samples(as_size(rows.size));
    for (Index i = 0; i < rows.size; ++i)
        samples[as_size(i)] = rows[i];
    require(rows.size >= 2 || !couples_rows_,
            "a pretext task that compares the rows of a batch needs at "
            "least two, got one training row");
    std::vector<Index> ends;
    for (Index end = spec_.batch_size; end < rows.size; end += spec_.batch_size)
        ends.push_back(end);
    // A batch of one row has no batch statistics, and nothing to compare: it joins the one before.
    if ((network_.uses_batch_statistics() || couples_rows_) && !ends.empty() &&
        rows.size - ends.back() == 1)
        ends.pop_back();
    ends.push_back(rows.size);
    require(!network_.uses_batch_statistics() || spec_.batch_size >= 2 || ends.size() == 1,
            "batch norm needs at least two rows in a batch, got batch_size 1");
    require(!couples_rows_ || spec_.batch_size >= 2,
            "a pretext task that compares the rows of a batch needs batch_size 2 or more, got ",
            spec_.batch_size);
    Index largest_batch = 0, begin = 0;
    for (Index &end : ends) {
        end *= n_views_;
        largest_batch = std::max(largest_batch, end - std::exchange(begin, end));
    }
    std::vector<std::int64_t> order(as_size(n_views_ * rows.size));
    std::vector<double> weights(ends.size());
    const GradientTasks<T> tasks(network_.packed(), !X.sparse());
    device_->set_data({X, {rows.size, samples.data()}, y.weights}, y, largest_batch);

    // Nothing throws from here on: data that is refused leaves the old in place.
    weights_ = y.weights;
    rows_ = std::move(samples);
    order_ = std::move(order);
    batch_ends_ = std::move(ends);
    batch_weights_ = std::move(weights);
    step_work_ = 3.0 * tasks.cost() * static_cast<double>(batch_ends_.front());
    next_batch_ = steps_per_epoch();
    begun_ = false;
}

template <class T>
void Trainer<T>::begin_epoch(std::uint64_t epoch) {
    require(!rows_.empty(), "set_data comes before begin_epoch");
    const auto n = static_cast<Index>(rows_.size());
    const Epoch drawn{
        spec_.seed, epoch, {static_cast<Index>(order_.size()), order_.data()}, batch_ends_};
    // Fisher and Yates' shuffle of the rows as set_data gave them, so that an epoch's order depends
    // on seed and epoch alone and not on the epochs before.
    std::ranges::copy(rows_, order_.begin());
    if (spec_.shuffle) {
        const std::uint64_t key = drawn.key(random::Purpose::shuffle);
        for (Index i = n - 1; i > 0; --i) {
            const auto place = static_cast<std::uint64_t>(i);
            std::swap(order_[as_size(i)], order_[random::below(place + 1, key, place)]);
        }
    }
    if (n_views_ > 1)
        repeat_views();
    // Sums of weights, in the order of the batch: losses and gradients are divided by them.
    Index begin = 0;
    for (std::size_t b = 0; b < batch_ends_.size(); ++b) {
        double sum = 0.0;
        for (Index i = begin; i < batch_ends_[b]; ++i)
            sum += weights_ ? static_cast<double>(weights_[order_[as_size(i)]]) : 1.0;
        batch_weights_[b] = sum / static_cast<double>(n_views_);
        begin = batch_ends_[b];
    }
    device_->begin_epoch(drawn);
    next_batch_ = 0;
    begun_ = true;
    progress_ = {};
}

template <class T>
void Trainer<T>::seek(Index batch) {
    require(begun_, "begin_epoch comes before seek");
    require(batch >= 0 && batch <= steps_per_epoch(), "the epoch has ", steps_per_epoch(),
            " batches, got batch ", batch, " to go to");
    next_batch_ = batch;
    progress_ = {};
}

// From the back, where a batch's views do not cover the rows of the batches before it.
template <class T>
void Trainer<T>::repeat_views() {
    for (Index number = steps_per_epoch(); number-- > 0;) {
        const Index first = batch_begin(number), size = batch_ends_[as_size(number)] - first;
        const auto of_view = order_.begin() + first;
        const auto rows = order_.begin() + first / n_views_;
        const Index n = size / n_views_;
        for (Index view = n_views_; view-- > 0;)
            std::copy_backward(rows, rows + n, of_view + (view + 1) * n);
    }
}

// The next steps, one for each rate; returns the batch after them. A batch that weighs nothing
// makes no step, and uses up no rate.
template <class T>
Index Trainer<T>::plan(std::span<const double> rates, const MovingSettings &moving) {
    steps_.clear();
    Index number = next_batch_;
    for (; number < steps_per_epoch() && steps_.size() < rates.size(); ++number) {
        const double weight_sum = batch_weights_[as_size(number)];
        if (weight_sum == 0.0)
            continue;
        const std::size_t i = steps_.size();
        PlannedStep step{.batch = number,
                         .positions = {batch_begin(number), batch_ends_[as_size(number)]},
                         .weight_sum = weight_sum,
                         .penalty = spec_.alpha / weight_sum,
                         .size = {n_steps_ + 1 + static_cast<Index>(i), rates[i]}};
        if (!moving.dropout.empty())
            step.dropout = moving.dropout[i];
        if (!moving.weight_decay.empty())
            step.size.weight_decay = moving.weight_decay[i];
        steps_.push_back(step);
    }
    return number;
}

template <class T>
Progress Trainer<T>::run(std::span<const double> rates, Index n_threads,
                         const MovingSettings &moving) {
    require(!rows_.empty(), "set_data and begin_epoch come before run");
    const auto check = [&](const char *name, std::span<const double> values, double end) {
        require(values.empty() || values.size() == rates.size(), name, " has ", values.size(),
                " numbers for ", rates.size(), " steps");
        for (const double value : values)
            require(value >= 0.0 && value < end, name, " must be in [0, ", end, "), got ", value);
    };
    check("dropout", moving.dropout, 1.0);
    check("weight_decay", moving.weight_decay, std::numeric_limits<double>::infinity());
    if (next_batch_ >= steps_per_epoch()) {
        progress_.epoch_done = true;
        return progress_;
    }
    const Index next = plan(rates, moving);
    reports_.resize(steps_.size());
    device_->run(steps_, n_threads, reports_);
    next_batch_ = next;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        record(reports_[i], steps_[i]);
        if (!reports_[i].finite) {
            next_batch_ = steps_[i].batch;
            break;
        }
        ++n_steps_;
    }
    // The loss is finite a step longer than the weights.
    progress_.finite = progress_.finite && std::isfinite(progress_.gradient_norm);
    progress_.epoch_done = next_batch_ >= steps_per_epoch();
    return progress_;
}

template <class T>
void Trainer<T>::record(const StepReport &report, const PlannedStep &step) {
    progress_.finite = report.finite;
    if (!report.finite)
        return;
    const Index n_rows = step.positions.end - step.positions.begin;
    const double loss = report.loss + 0.5 * step.penalty * report.weight_squares;
    progress_.loss += loss * static_cast<double>(n_rows);
    progress_.gradient_norm += std::sqrt(report.gradient_squares);
    progress_.n_rows += n_rows;
    ++progress_.n_steps;
}

template class Trainer<float>;
template class Trainer<double>;

} // namespace deepgen
