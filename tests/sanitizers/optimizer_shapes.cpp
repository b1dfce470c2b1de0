// Two optimizers that exist for this test only, written against the interface as members will be.
//
//   (b) gradients at another point: sharpness-aware descent, w <- w - rate g(w + rho g / |g|)
//   (c) layer statistics: inputs^T slopes of a layer has to be the gradient that is visited

#include "optimizer_shapes.hpp"

#include "engine/training/trainer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace {

using namespace deepgen;

constexpr Index n_rows = 96, n_inputs = 24, hidden = 96, n_outputs = 2;
constexpr double rho = 0.1, rate = 0.05;

NetworkSpec small_spec() {
    return {n_inputs, {{hidden, "tanh"}, {n_outputs, "identity"}}, {"squared_error", {}}, true};
}

std::vector<double> numbers(Index n, double scale) {
    std::vector<double> values(as_size(n));
    for (Index i = 0; i < n; ++i)
        values[as_size(i)] = scale * static_cast<double>((i * 7919 + 13) % 101 - 50) / 50.0;
    return values;
}

// (b): the gradient is written out, and two visits make a step.
class SharpnessAware final : public Optimizer<double> {
  public:
    void allocate(const Surroundings &surroundings) override {
        gradient_.assign(as_size(surroundings.weights.size), 0.0);
        squares_.assign(gradient_.size() / as_size(lane_pad<double>), 0.0);
    }

    StepReport step(const Team &team, BatchGradient<double> &batch, StepSize size) override {
        using Evaluation = BatchGradient<double>::Evaluation;
        const double loss = batch.evaluate(team, Evaluation::first);
        batch.visit(team, [&](const Stretch<double> &stretch) {
            double squares = 0.0;
            for (Index i = 0; i < stretch.n; ++i) {
                gradient_[as_size(stretch.offset + i)] = stretch.gradient[i];
                squares += stretch.gradient[i] * stretch.gradient[i];
            }
            squares_[as_size(stretch.number)] = squares;
            return false;
        });
        const double norm2 =
            std::accumulate(squares_.begin(), squares_.begin() + batch.n_stretches(), 0.0);
        ascend(team, batch, rho / std::sqrt(norm2));
        batch.evaluate(team, Evaluation::again);
        batch.visit(team, [&](const Stretch<double> &stretch) {
            double *const w = batch.weights() + stretch.offset;
            for (Index i = 0; i < stretch.n; ++i)
                w[i] -= rho / std::sqrt(norm2) * gradient_[as_size(stretch.offset + i)] +
                        size.rate * stretch.gradient[i];
            return true;
        });
        return {true, loss, norm2, 0.0};
    }

    std::vector<Memory<double>> memory() override { return {}; }

  private:
    void ascend(const Team &team, BatchGradient<double> &batch, double scale) {
        const Share own = team.share(batch.n_weights());
        for (Index i = own.begin; i < own.end; ++i)
            batch.weights()[i] += scale * gradient_[as_size(i)];
        batch.weights_moved(team);
    }

    std::vector<double> gradient_, squares_;
};

// (c): reads what the first layer saw, and moves nothing.
class StatisticsReader final : public Optimizer<double> {
  public:
    explicit StatisticsReader(double &worst) : worst_(worst) {}

    void allocate(const Surroundings &) override {}

    StepReport step(const Team &team, BatchGradient<double> &batch, StepSize) override {
        const double loss = batch.evaluate(team, BatchGradient<double>::Evaluation::first);
        const LayerStatistics<double> seen = batch.statistics(0);
        const Index panel = kernels<double>("").panel;
        batch.visit(team, [&](const Stretch<double> &stretch) {
            // Packed W of the first layer stands first: element (i, j) of its first panel at i *
            // panel + j.
            if (!stretch.coefs || stretch.offset != 0)
                return false;
            double apart = 0.0;
            for (Index at = 0; at < stretch.n; ++at) {
                double sum = 0.0;
                for (Index row = 0; row < seen.inputs.rows; ++row)
                    sum += seen.inputs.data[row * seen.inputs.stride + at / panel] *
                           seen.slopes.data[row * seen.slopes.stride + at % panel];
                apart = std::max(apart, std::abs(sum - stretch.gradient[at]));
            }
            worst_ = apart;
            return false;
        });
        return {true, loss, 0.0, 0.0};
    }

    std::vector<Memory<double>> memory() override { return {}; }

  private:
    double &worst_;
};

struct Problem {
    Network<double> network{small_spec(), kernels<double>("")};
    std::vector<double> parameters = numbers(network.layout().n_parameters, 0.3);
    std::vector<double> X = numbers(n_rows * n_inputs, 1.0), y = numbers(n_rows * n_outputs, 1.0);
    Inputs<double> inputs{.n_rows = n_rows, .n_columns = n_inputs, .dense = X.data()};
    Targeted<double> targets{.n_targets = n_outputs, .values = y.data()};

    std::vector<double> after_a_step(std::unique_ptr<Optimizer<double>> optimizer,
                                     Index n_threads) {
        Trainer<double> trainer(network, std::move(optimizer), {0.0, n_rows, false, 0});
        trainer.set_data(inputs, targets, {n_rows});
        trainer.load(parameters.data());
        trainer.begin_epoch(0);
        trainer.run(std::array{rate}, n_threads);
        std::vector<double> after = parameters;
        trainer.store(after.data());
        return after;
    }

    std::vector<double> gradient_at(const std::vector<double> &point) const {
        std::vector<double> gradient(point.size());
        network.loss_and_gradient(point.data(), inputs, targets, {n_rows}, 0.0, true,
                                  gradient.data(), 1);
        return gradient;
    }
};

bool sharpness_aware_step_is_its_definition() {
    Problem problem;
    const std::vector<double> gradient = problem.gradient_at(problem.parameters);
    const double norm =
        std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0));
    std::vector<double> there = problem.parameters;
    for (std::size_t i = 0; i < there.size(); ++i)
        there[i] += rho / norm * gradient[i];
    const std::vector<double> sharp = problem.gradient_at(there);

    const auto one = problem.after_a_step(std::make_unique<SharpnessAware>(), 1);
    const auto three = problem.after_a_step(std::make_unique<SharpnessAware>(), 3);
    double worst = 0.0;
    for (std::size_t i = 0; i < one.size(); ++i)
        worst = std::max(worst, std::abs(one[i] - (problem.parameters[i] - rate * sharp[i])));
    std::printf("gradient at another point   apart by %.1e, threads %s\n", worst,
                one == three ? "same bits" : "BITS DIFFER");
    return worst < 1e-14 && one == three;
}

bool statistics_give_the_gradient() {
    Problem problem;
    double worst = 1.0;
    const auto after = problem.after_a_step(std::make_unique<StatisticsReader>(worst), 3);
    std::printf("layer statistics            apart by %.1e\n", worst);
    return worst < 1e-14 && after == problem.parameters;
}

} // namespace

int check_optimizer_shapes() {
    return (sharpness_aware_step_is_its_definition() ? 0 : 1) +
           (statistics_give_the_gradient() ? 0 : 1);
}
