// Batches in the epoch's order, and the steps over them.

#include "engine/training/trainer.hpp"

#include "engine/core/random.hpp"
#include "engine/training/step.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace deepgen {
namespace {

// The front's numbers that belong together: a block of one feature, and the input scale.
template <class T>
std::vector<IndexRange> front_blocks(const PackedLayout<T> &packed) {
    std::vector<IndexRange> blocks;
    const FrontLayout &front = packed.front();
    for (std::size_t i = 0; i < front.features.size(); ++i)
        for (const FrontFeature::Run &run : front.features[i].runs) {
            const Index begin = packed.feature_offset(i) + run.place;
            blocks.push_back({begin, begin + run.n});
        }
    if (front.input_scale >= 0)
        blocks.push_back({packed.input_scale(), packed.input_scale() + front.width});
    return blocks;
}

} // namespace

template <class T>
Trainer<T>::Trainer(const Network<T> &network, std::unique_ptr<Optimizer<T>> optimizer,
                    const TrainingSpec &spec)
    : network_(network), spec_(spec), optimizer_(std::move(optimizer)), parameters_(network) {
    require(spec.batch_size >= 1, "batch_size must be at least 1, got ", spec.batch_size);
    require(spec.alpha >= 0.0, "alpha must not be negative, got ", spec.alpha);
    require(spec.mixup >= 0.0 && std::isfinite(spec.mixup),
            "mixup must be finite and not negative, got ", spec.mixup);
    check_augmentation(spec.augmentation);
    if (spec.pretext) {
        check_pretext(*spec.pretext);
        require(spec.mixup == 0.0, "a pretext task has no targets that mixup could mix");
    }
    optimizer_->allocate({network.packed().weights(), spec.seed,
                          network.loss().is_likelihood() && !spec.pretext, network.reparametrized(),
                          spec.rate_factors, front_blocks(network.packed())});
}

template <class T>
void Trainer<T>::set_data(const Inputs<T> &X, const TargetsView<T> &y, const Selection &rows) {
    require(rows.size >= 1, "training needs at least one row, got ", rows.size);
    require(rows.size >= 2 || !network_.uses_batch_statistics(),
            "batch norm needs at least two rows in a batch, got one training row");
    std::vector<std::int64_t> samples(as_size(rows.size));
    for (Index i = 0; i < rows.size; ++i)
        samples[as_size(i)] = rows[i];
    std::unique_ptr<Pretext<T>> pretext;
    if (spec_.pretext)
        pretext =
            make_pretext<T>(*spec_.pretext, network_.kernels(),
                            {X, {rows.size, samples.data()}, y.weights}, network_.n_outputs());
    const bool couples = pretext && pretext->couples_rows();
    require(rows.size >= 2 || !couples, "a pretext task that compares the rows of a batch needs at "
                                        "least two, got one training row");
    std::vector<Index> ends;
    for (Index end = spec_.batch_size; end < rows.size; end += spec_.batch_size)
        ends.push_back(end);
    // A batch of one row has no batch statistics, and nothing to compare: it joins the one before.
    if ((network_.uses_batch_statistics() || couples) && !ends.empty() &&
        rows.size - ends.back() == 1)
        ends.pop_back();
    ends.push_back(rows.size);
    require(!network_.uses_batch_statistics() || spec_.batch_size >= 2 || ends.size() == 1,
            "batch norm needs at least two rows in a batch, got batch_size 1");
    require(!couples || spec_.batch_size >= 2,
            "a pretext task that compares the rows of a batch needs batch_size 2 or more, got ",
            spec_.batch_size);
    const Index n_views = pretext ? pretext->n_views() : 1;
    for (Index &end : ends)
        end *= n_views;
    std::vector<std::int64_t> order(as_size(n_views * rows.size));
    std::vector<double> weights(ends.size());
    const GradientTasks<T> tasks(network_.packed(), network_.kernels().panel, !X.sparse());
    std::unique_ptr<Augmentation<T>> augmentation;
    if (spec_.changes_rows())
        augmentation =
            make_augmentation<T>(spec_.augmentation, {X, {rows.size, samples.data()}, y.weights});

    // Nothing throws from here on: data that is refused leaves the old in place.
    X_ = X;
    y_ = y;
    rows_ = std::move(samples);
    order_ = std::move(order);
    n_views_ = n_views;
    pretext_ = std::move(pretext);
    batch_ends_ = std::move(ends);
    batch_weights_ = std::move(weights);
    largest_batch_ = 0;
    for (Index number = 0; number < steps_per_epoch(); ++number)
        largest_batch_ =
            std::max(largest_batch_, batch_ends_[as_size(number)] - batch_begin(number));
    step_work_ = 3.0 * tasks.cost() * static_cast<double>(batch_ends_.front());
    augmentation_ = std::move(augmentation);
    next_batch_ = steps_per_epoch();
    pass_.reset();
}

template <class T>
void Trainer<T>::begin_epoch(std::uint64_t epoch) {
    require(!rows_.empty(), "set_data comes before begin_epoch");
    const auto n = static_cast<Index>(rows_.size());
    const auto key_of = [&](random::Purpose purpose) {
        return random::child(random::stream(spec_.seed, purpose), epoch);
    };
    // Fisher and Yates' shuffle of the rows as set_data gave them, so that an epoch's order depends
    // on seed and epoch alone and not on the epochs before.
    std::ranges::copy(rows_, order_.begin());
    if (spec_.shuffle) {
        const std::uint64_t key = key_of(random::Purpose::shuffle);
        for (Index i = n - 1; i > 0; --i) {
            const auto place = static_cast<std::uint64_t>(i);
            std::swap(order_[as_size(i)], order_[random::below(place + 1, key, place)]);
        }
    }
    if (n_views_ > 1)
        repeat_views();
    dropout_key_ = key_of(random::Purpose::dropout);
    branch_key_ = key_of(random::Purpose::branches);
    // Sums of weights, in the order of the batch: losses and gradients are divided by them.
    Index begin = 0;
    for (std::size_t b = 0; b < batch_ends_.size(); ++b) {
        double sum = 0.0;
        for (Index i = begin; i < batch_ends_[b]; ++i)
            sum += y_.weights ? static_cast<double>(y_.weights[order_[as_size(i)]]) : 1.0;
        batch_weights_[b] = sum / static_cast<double>(n_views_);
        begin = batch_ends_[b];
    }
    if (augmentation_)
        augmentation_->begin_epoch(key_of(random::Purpose::augmentation),
                                   {static_cast<Index>(order_.size()), order_.data()});
    if (spec_.mixup > 0.0)
        mixup_.begin_epoch(spec_.mixup, key_of(random::Purpose::mixup), batch_ends_, [&](Index i) {
            return !y_.weights || y_.weights[order_[as_size(i)]] != T(0);
        });
    next_batch_ = 0;
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

// Into cleared memory: a run that diverged leaves NaN in the padding too.
template <class T>
void Trainer<T>::load(const T *flat) {
    parameters_ = PackedParameters<T>(network_);
    parameters_.load(network_, flat);
}

template <class T>
Batch<T> Trainer<T>::batch(Index number) const {
    const Index begin = batch_begin(number);
    return {.rows = {batch_ends_[as_size(number)] - begin, order_.data() + begin},
            .weight_sum = batch_weights_[as_size(number)],
            .training = true,
            .dropout_key = dropout_key_,
            .branch_key = branch_key_,
            .first_position = begin,
            .augmentation = augmentation_.get(),
            .n_unchanged = (batch_ends_[as_size(number)] - begin) / n_views_ * (n_views_ - 1),
            .mixing = spec_.mixup > 0.0 ? mixup_.of(number, begin) : Mixing{}};
}

// Of CSR rows. A batch takes each row of the training part at most once for itself, once as a
// partner, and so again for each further row that the augmentation looks at.
template <class T>
AugmentationScratch Trainer<T>::augmentation_scratch() const {
    AugmentationScratch scratch{.wanted = augmentation_ != nullptr};
    if (!scratch.wanted || !X_.sparse())
        return scratch;
    std::vector<Index> lengths(rows_.size());
    std::ranges::transform(rows_, lengths.begin(), [&](Index row) { return X_.n_entries(row); });
    std::ranges::nth_element(lengths, lengths.begin() + (largest_batch_ - 1), std::greater<>{});
    const auto end = lengths.begin() + largest_batch_;
    const Index n = augmentation_->n_sources();
    scratch.row_entries = std::min(n * *std::max_element(lengths.begin(), end), X_.n_columns);
    scratch.entries = n * std::accumulate(lengths.begin(), end, Index{0});
    if (spec_.mixup > 0.0)
        scratch.entries *= 2;
    return scratch;
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
    n_threads = std::clamp(n_threads, Index{1}, n_row_blocks(largest_batch_));
    if (!pass_ || team_size_ < n_threads) {
        team_size_ = n_threads;
        pass_.emplace(network_, largest_batch_, n_threads, !X_.sparse(), Pass<T>::Purpose::gradient,
                      augmentation_scratch());
        optimizer_->make_room(largest_batch_, n_threads, !X_.sparse());
        if (pretext_)
            pretext_->make_room(largest_batch_, n_threads);
        if (network_.reparametrized())
            collected_.resize(parameters_.stored.size());
    }
    Index next = next_batch_;
    Index count = n_steps_;
    parallel(n_threads, [&](const Team &team) {
        const FlushDenormals flush;
        std::size_t made = 0;
        Index number = next_batch_;
        for (; number < steps_per_epoch() && made < rates.size(); ++number) {
            Batch<T> rows = batch(number);
            if (rows.weight_sum == 0.0)
                continue; // makes no step, and uses up no rate
            if (!moving.dropout.empty())
                rows.dropout = moving.dropout[made];
            Step<T> step(network_, *pass_, rows, X_, y_, parameters_, collected_, spec_.alpha,
                         pretext_.get());
            StepSize size{n_steps_ + 1 + static_cast<Index>(made), rates[made]};
            if (!moving.weight_decay.empty())
                size.weight_decay = moving.weight_decay[made];
            const StepReport report = optimizer_->step(team, step, size);
            if (team.rank == 0)
                record(report, step.penalty(), rows.rows.size);
            if (!report.finite)
                break;
            ++made;
        }
        if (team.rank == 0) {
            next = number;
            count += static_cast<Index>(made);
        }
    });
    next_batch_ = next;
    n_steps_ = count;
    // The loss is finite a step longer than the weights.
    progress_.finite = progress_.finite && std::isfinite(progress_.gradient_norm);
    progress_.epoch_done = next_batch_ >= steps_per_epoch();
    return progress_;
}

template <class T>
void Trainer<T>::record(const StepReport &report, double penalty, Index n_rows) {
    progress_.finite = report.finite;
    if (!report.finite)
        return;
    const double loss = report.loss + 0.5 * penalty * report.weight_squares;
    progress_.loss += loss * static_cast<double>(n_rows);
    progress_.gradient_norm += std::sqrt(report.gradient_squares);
    progress_.n_rows += n_rows;
    ++progress_.n_steps;
}

template <class T>
Index Trainer<T>::stored_size(const StateArray<T> &array) const {
    const auto n = static_cast<Index>(array.numbers.size());
    return array.packed ? n / network_.packed().size() * network_.layout().n_parameters : n;
}

template <class T>
void Trainer<T>::store_state(const StateArray<T> &array, T *numbers) const {
    if (!array.packed) {
        std::ranges::copy(array.numbers, numbers);
        return;
    }
    std::fill_n(numbers, stored_size(array), T(0)); // buffers have no place in it
    const T *const end = array.numbers.data() + array.numbers.size();
    for (const T *vector = array.numbers.data(); vector != end;
         vector += network_.packed().size()) {
        network_.packed().unpack(vector, numbers);
        numbers += network_.layout().n_parameters;
    }
}

template <class T>
void Trainer<T>::load_state(const StateArray<T> &array, const T *numbers) {
    if (!array.packed) {
        std::copy_n(numbers, array.numbers.size(), array.numbers.begin());
    } else {
        std::ranges::fill(array.numbers, T(0)); // as in load
        T *const end = array.numbers.data() + array.numbers.size();
        for (T *vector = array.numbers.data(); vector != end; vector += network_.packed().size()) {
            network_.packed().pack(numbers, vector);
            numbers += network_.layout().n_parameters;
        }
    }
    optimizer_->state_loaded();
}

template class Trainer<float>;
template class Trainer<double>;

} // namespace deepgen
