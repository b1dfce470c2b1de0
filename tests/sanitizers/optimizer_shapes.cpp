// What the optimizer interface has to carry, on a team of threads.
//
//   (b) gradients at another point: SAM around plain descent, w <- w - rate g(w + rho g / |g|)
//   (c) layer statistics: inputs^T gradients of a layer has to be the gradient that is visited, by
//   an
//       optimizer that exists for this test only

#include "optimizer_shapes.hpp"

#include "engine/devices/host_device.hpp"
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

// (c): reads what the first layer saw, and moves nothing.
class StatisticsReader final : public Optimizer<double> {
  public:
    explicit StatisticsReader(double &worst) : worst_(worst) {}

    void allocate(const OptimizerContext &) override {}

    StepReport step(const Team &team, BatchGradient<double> &batch, StepSize) override {
        const double loss = batch.evaluate(team, BatchGradient<double>::Evaluation::first);
        const LayerStatistics<double> seen = batch.statistics(0);
        const Index panel = kernels<double>("").panel;
        batch.visit_gradient(team, [&](const WeightChunk<double> &chunk) {
            // Packed W of the first layer stands first: element (i, j) of its first panel at i *
            // panel + j.
            if (!chunk.coefs || chunk.offset != 0)
                return false;
            double apart = 0.0;
            for (Index at = 0; at < chunk.n; ++at) {
                double sum = 0.0;
                for (Index row = 0; row < seen.inputs.rows; ++row)
                    sum += seen.inputs.data[row * seen.inputs.stride + at / panel] *
                           seen.gradients.data[row * seen.gradients.stride + at % panel];
                apart = std::max(apart, std::abs(sum - chunk.gradient[at]));
            }
            worst_ = apart;
            return false;
        });
        return {true, loss, 0.0, 0.0};
    }

    std::vector<StateArray<double>> state() override { return {}; }

  private:
    double &worst_;
};

struct Problem {
    Network<double> network{small_spec(), kernels<double>("")};
    std::vector<double> parameters = numbers(network.layout().n_parameters, 0.3);
    std::vector<double> X = numbers(n_rows * n_inputs, 1.0), y = numbers(n_rows * n_outputs, 1.0);
    Inputs<double> inputs{.n_rows = n_rows, .n_columns = n_inputs, .dense = X.data()};
    TargetsView<double> targets{.n_targets = n_outputs, .values = y.data()};

    std::vector<double> after_a_step(std::unique_ptr<Optimizer<double>> optimizer,
                                     Index n_threads) {
        Trainer<double> trainer(network,
                                std::make_unique<HostDevice<double>>(network, std::move(optimizer)),
                                {0.0, n_rows, false, 0});
        trainer.set_data(inputs, targets, {n_rows});
        trainer.load(parameters.data());
        trainer.begin_epoch(0);
        static_cast<void>(trainer.run(std::array{rate}, n_threads));
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

    const OptimizerSpec spec{{"sgd", {{"momentum", {0.0}}, {"nesterov", {0.0}}}},
                             {{"sam", {{"rho", {rho}}}}}};
    const auto sam = [&] { return make_optimizer<double>(spec, kernels<double>("")); };
    const auto one = problem.after_a_step(sam(), 1);
    const auto three = problem.after_a_step(sam(), 3);
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
