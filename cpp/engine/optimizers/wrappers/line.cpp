// A line of networks: two points of weight space, trained such that every point between them is a
// good network.
//
//   each batch   w = (1 - a) w1 + a w2, a uniform in (0, 1); loss(w) + beta cos^2(w1, w2)
//   gradients    dw1 = (1 - a) dw + beta dcos^2/dw1,  dw2 = a dw + beta dcos^2/dw2
//   cos^2        <w1, w2>^2 / (|w1|^2 |w2|^2) over all matrices jointly; it keeps the ends apart
//
//   dcos^2/dw1 = 2 <w1, w2> / (|w1|^2 |w2|^2) (w2 - <w1, w2> / |w1|^2 w1), and w2's likewise
//
// Wortsman, Horton, Guestrin, Farhadi & Rastegari (2021), Learning neural network subspaces, for a
// line. What is wrapped sees one network of twice the weights, both ends after each other; L2 acts
// on both. Before the first step both ends are where the network stands, unless they were loaded.

#include "engine/core/distributions.hpp"
#include "engine/optimizers/wrappers/members.hpp"

#include <algorithm>
#include <array>

namespace deepgen {
namespace {

constexpr Parameter parameters[] = {
    {.name = "beta", .value = 1.0, .low = 0.0, .high = infinity},
};

// Sums over matrices go over blocks of so many numbers, combined in order.
constexpr Index block_size = 2048;

struct Block {
    Index offset, n;
};

// In a few sums side by side, which a compiler puts into registers. n: whole cache lines.
template <class T>
double dot(Index n, const T *x, const T *y) {
    constexpr Index lanes = lane_pad<T>;
    T sums[as_size(lanes)] = {};
    for (Index i = 0; i < n; i += lanes)
        for (Index lane = 0; lane < lanes; ++lane)
            sums[lane] += x[i + lane] * y[i + lane];
    double sum = 0.0;
    for (const T lane : sums)
        sum += static_cast<double>(lane);
    return sum;
}

// What the batch is asked at the point a of the line.
template <class T>
class OnLine final : public BatchDecorator<T> {
  public:
    using typename BatchGradient<T>::Evaluation;
    using typename BatchGradient<T>::Visitor;

    // Memory that lasts from step to step.
    struct Ends {
        Buffer<T> weights, gradient; // of both ends
        std::vector<Block> blocks;
        std::vector<std::array<double, 3>> products; // <w1, w2>, |w1|^2, |w2|^2 of each block
    };

    OnLine(BatchGradient<T> &inner, Ends &ends, double place, double beta, Index n_layers)
        : BatchDecorator<T>(inner), ends_(ends), place_(place), beta_(beta), n_layers_(n_layers),
          n_(inner.n_weights()) {}

    // Puts the network onto the line; the team has met when this returns.
    void weights_moved(const Team &team) override {
        const IndexRange lines = team.share(n_ / lane_pad<T>);
        const T here = static_cast<T>(1.0 - place_), there = static_cast<T>(place_);
        T *const weights = this->inner_.weights();
        for (Index i = lines.begin * lane_pad<T>; i < lines.end * lane_pad<T>; ++i)
            weights[i] = here * first()[i] + there * second()[i];
        const IndexRange blocks = team.share(static_cast<Index>(ends_.blocks.size()));
        for (Index i = blocks.begin; i < blocks.end; ++i) {
            const Block &block = ends_.blocks[as_size(i)];
            const T *const x = first() + block.offset, *const y = second() + block.offset;
            ends_.products[as_size(i)] = {dot(block.n, x, y), dot(block.n, x, x),
                                          dot(block.n, y, y)};
        }
        this->inner_.weights_moved(team);
        dot_ = squares_[0] = squares_[1] = 0.0;
        for (const auto &[dot, first_squares, second_squares] : ends_.products) {
            dot_ += dot;
            squares_[0] += first_squares;
            squares_[1] += second_squares;
        }
    }

    // The ends may have moved since: what is wrapped may look at another point.
    double evaluate(const Team &team, Evaluation evaluation) override {
        weights_moved(team);
        return this->inner_.evaluate(team, evaluation) + beta_ * cosine_squared();
    }

    void visit_gradient(const Team &team, Visitor visitor) override {
        const double product = squares_[0] * squares_[1];
        const double pull = product > 0.0 ? 2.0 * beta_ * dot_ / product : 0.0;
        const auto own = [&](Index end, const WeightChunk<T> &chunk) {
            T *const out = ends_.gradient.data() + end * n_ + chunk.offset;
            const T *const here = first() + end * n_ + chunk.offset;
            const T *const there = first() + (1 - end) * n_ + chunk.offset;
            const T share = static_cast<T>(end == 0 ? 1.0 - place_ : place_);
            for (Index i = 0; i < chunk.n; ++i)
                out[i] = share * chunk.gradient[i];
            if (pull == 0.0 || !chunk.coefs)
                return;
            const T across = static_cast<T>(pull);
            const T along = static_cast<T>(pull * dot_ / squares_[end]);
            for (Index i = 0; i < chunk.n; ++i)
                out[i] += across * there[i] - along * here[i];
        };
        this->inner_.visit_gradient(team, [&](const WeightChunk<T> &chunk) {
            own(0, chunk);
            own(1, chunk);
            return present(chunk, ends_.gradient.data(), visitor);
        });
    }

    void visit_stored_gradient(const Team &team, const T *gradient, Visitor visitor) override {
        this->inner_.visit_stored_gradient(team, gradient, [&](const WeightChunk<T> &chunk) {
            return present(chunk, gradient, visitor);
        });
    }

    LayerStatistics<T> statistics(Index layer) const override {
        return this->inner_.statistics(layer % n_layers_);
    }
    T *weights() override { return ends_.weights.data(); }
    Index n_weights() const override { return 2 * n_; }
    Index n_weight_chunks() const override { return 2 * this->inner_.n_weight_chunks(); }

  private:
    T *first() { return ends_.weights.data(); }
    T *second() { return ends_.weights.data() + n_; }

    double cosine_squared() const {
        const double product = squares_[0] * squares_[1];
        return product > 0.0 ? dot_ * dot_ / product : 0.0;
    }

    // A chunk of the network is one of each end. The network's own weights do not move.
    bool present(const WeightChunk<T> &chunk, const T *gradient, Visitor visitor) const {
        for (Index end = 0; end < 2; ++end) {
            const Index offset = end * n_ + chunk.offset;
            visitor({chunk.number + end * this->inner_.n_weight_chunks(), offset, chunk.n,
                     gradient + offset, chunk.coefs});
        }
        return false;
    }

    Ends &ends_;
    double place_, beta_;
    Index n_layers_, n_; // of one network
    double dot_ = 0.0, squares_[2] = {0.0, 0.0};
};

template <class T>
class Line final : public Wrapper<T> {
  public:
    Line(std::unique_ptr<Optimizer<T>> base, const Settings &settings, const Kernels<T> &)
        : Wrapper<T>(std::move(base)), beta_(settings["beta"]) {}

    void allocate(const OptimizerContext &context) override {
        const PackedWeights &one = context.weights;
        key_ = random::stream(context.seed, random::Purpose::line);
        layers_.assign(one.layers.begin(), one.layers.end());
        for (PackedLayer layer : one.layers) {
            for (Index *const offset : {&layer.coefs, &layer.intercepts, &layer.scale, &layer.shift,
                                        &layer.gain, &layer.slope})
                *offset += one.size;
            layers_.push_back(layer);
        }
        stretches_.assign(one.stretches.begin(), one.stretches.end());
        for (PackedStretch stretch : one.stretches) {
            stretch.end += one.size;
            stretches_.push_back(stretch);
        }
        OptimizerContext both = context;
        both.weights = {2 * one.size, one.panel, layers_, stretches_};
        Wrapper<T>::allocate(both);
        ends_.weights.assign(as_size(2 * one.size), T(0));
        ends_.gradient = ends_.weights;
        begun_.assign(1, T(0));
        ends_.blocks.clear();
        for (const PackedLayer &layer : one.layers)
            for (Index at = layer.coefs; at < layer.intercepts; at += block_size)
                ends_.blocks.push_back({at, std::min(block_size, layer.intercepts - at)});
        ends_.products.assign(ends_.blocks.size(), {0.0, 0.0, 0.0});
    }

    StepReport step(const Team &team, BatchGradient<T> &batch, StepSize size) override {
        if (begun_[0] == T(0))
            begin(team, batch);
        const double place =
            random::uniform(random::value(key_, static_cast<std::uint64_t>(size.count)));
        OnLine<T> on_line(batch, ends_, place, beta_, static_cast<Index>(layers_.size() / 2));
        return this->base_->step(team, on_line, size);
    }

    std::vector<StateArray<T>> state() override {
        std::vector<StateArray<T>> all = this->base_->state();
        all.push_back({"line_ends", ends_.weights, true});
        all.push_back({"line_begun", begun_, false});
        return all;
    }

  private:
    void begin(const Team &team, BatchGradient<T> &batch) {
        team.wait(); // all have seen that it has not begun
        if (team.rank == 0) {
            std::copy_n(batch.weights(), batch.n_weights(), ends_.weights.data());
            std::copy_n(batch.weights(), batch.n_weights(),
                        ends_.weights.data() + batch.n_weights());
            begun_[0] = T(1);
        }
        team.wait();
    }

    double beta_;
    std::uint64_t key_ = 0;
    std::vector<PackedLayer> layers_; // of both ends
    std::vector<PackedStretch> stretches_;
    typename OnLine<T>::Ends ends_;
    Buffer<T> begun_; // a single 0 or 1
};

} // namespace

constexpr WrapperEntry wrapper::line = wrapper_entry<Line>("line", parameters);

} // namespace deepgen
