// Steps on the processor: rows changed and mixed, the pass forward and back, the optimizer.

#include "engine/devices/host_device.hpp"

#include "engine/devices/step.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
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
void HostDevice<T>::prepare(const TrainingSpec &spec) {
    require(spec.mixup >= 0.0 && std::isfinite(spec.mixup),
            "mixup must be finite and not negative, got ", spec.mixup);
    check_augmentation(spec.augmentation);
    if (spec.pretext) {
        n_views_ = checked_pretext(*spec.pretext).n_views;
        require(spec.mixup == 0.0, "a pretext task has no targets that mixup could mix");
    }
    spec_ = spec;
    optimizer_->allocate(
        {network_.packed().weights(), spec.seed, network_.loss().is_likelihood() && !spec.pretext,
         network_.reparametrized(), spec.rate_factors, front_blocks(network_.packed())});
}

template <class T>
void HostDevice<T>::set_data(const TrainingPart<T> &part, const TargetsView<T> &y,
                             Index largest_batch) {
    std::unique_ptr<Pretext<T>> pretext;
    if (spec_.pretext)
        pretext = make_pretext<T>(*spec_.pretext, network_.kernels(), part, network_.n_outputs());
    std::unique_ptr<Augmentation<T>> augmentation;
    if (spec_.changes_rows())
        augmentation = make_augmentation<T>(spec_.augmentation, part);

    // Nothing throws from here on.
    part_ = part;
    y_ = y;
    largest_batch_ = largest_batch;
    pretext_ = std::move(pretext);
    augmentation_ = std::move(augmentation);
    pass_.reset();
}

// Into cleared memory: a run that diverged leaves NaN in the padding too.
template <class T>
void HostDevice<T>::load(const T *flat) {
    parameters_ = PackedParameters<T>(network_);
    parameters_.load(network_, flat);
}

template <class T>
void HostDevice<T>::begin_epoch(const Epoch &epoch) {
    order_ = epoch.order;
    dropout_key_ = epoch.key(random::Purpose::dropout);
    branch_key_ = epoch.key(random::Purpose::branches);
    if (augmentation_)
        augmentation_->begin_epoch(epoch.key(random::Purpose::augmentation), order_);
    if (spec_.mixup > 0.0)
        mixup_.begin_epoch(
            spec_.mixup, epoch.key(random::Purpose::mixup), epoch.batch_ends,
            [&](Index i) { return !part_.weights || part_.weights[order_[i]] != T(0); });
}

template <class T>
Batch<T> HostDevice<T>::batch(const PlannedStep &planned) const {
    const auto [begin, end] = planned.positions;
    return {.rows = {end - begin, order_.samples + begin},
            .weight_sum = planned.weight_sum,
            .training = true,
            .dropout_key = dropout_key_,
            .branch_key = branch_key_,
            .dropout = planned.dropout,
            .first_position = begin,
            .augmentation = augmentation_.get(),
            .n_unchanged = (end - begin) / n_views_ * (n_views_ - 1),
            .mixing = spec_.mixup > 0.0 ? mixup_.of(planned.batch, begin) : Mixing{}};
}

// Of CSR rows. A batch takes each row of the training part at most once for itself, once as a
// partner, and so again for each further row that the augmentation looks at.
template <class T>
AugmentationScratch HostDevice<T>::augmentation_scratch() const {
    AugmentationScratch scratch{.wanted = augmentation_ != nullptr};
    const Inputs<T> &X = part_.X;
    if (!scratch.wanted || !X.sparse())
        return scratch;
    std::vector<Index> lengths;
    for (Index i = 0; i < part_.rows.size; ++i)
        lengths.push_back(X.n_entries(part_.rows[i]));
    std::ranges::nth_element(lengths, lengths.begin() + (largest_batch_ - 1), std::greater<>{});
    const auto end = lengths.begin() + largest_batch_;
    const Index n = augmentation_->n_sources();
    scratch.row_entries = std::min(n * *std::max_element(lengths.begin(), end), X.n_columns);
    scratch.entries = n * std::accumulate(lengths.begin(), end, Index{0});
    if (spec_.mixup > 0.0)
        scratch.entries *= 2;
    return scratch;
}

template <class T>
void HostDevice<T>::make_room(Index n_threads) {
    if (pass_ && team_size_ >= n_threads)
        return;
    const bool dense = !part_.X.sparse();
    team_size_ = n_threads;
    pass_.emplace(network_, largest_batch_, n_threads, dense, Pass<T>::Purpose::gradient,
                  augmentation_scratch());
    optimizer_->make_room(largest_batch_, n_threads, dense);
    if (pretext_)
        pretext_->make_room(largest_batch_, n_threads);
    if (network_.reparametrized())
        collected_.resize(parameters_.stored.size());
}

template <class T>
void HostDevice<T>::run(std::span<const PlannedStep> steps, Index n_threads,
                        std::span<StepReport> reports) {
    n_threads = std::clamp(n_threads, Index{1}, n_row_blocks(largest_batch_));
    make_room(n_threads);
    parallel(n_threads, [&](const Team &team) {
        const FlushDenormals flush;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            Step<T> step(network_, *pass_, batch(steps[i]), part_.X, y_, parameters_, collected_,
                         steps[i].penalty, pretext_.get());
            const StepReport report = optimizer_->step(team, step, steps[i].size);
            if (team.rank == 0)
                reports[i] = report;
            if (!report.finite)
                break;
        }
    });
}

template class HostDevice<float>;
template class HostDevice<double>;

} // namespace deepgen
