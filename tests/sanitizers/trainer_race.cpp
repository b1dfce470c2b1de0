// The trainer on three threads under a sanitizer: norms, reparametrizations, skip, dropout,
// weights, dense and sparse rows, changed and mixed ones, pretext tasks, both rules. A race is
// reported by the sanitizer; bits that differ from one thread's are reported here.

#include "optimizer_shapes.hpp"
#include "probe_bits.hpp"

#include "engine/devices/host_device.hpp"
#include "engine/training/trainer.hpp"

#include <algorithm>
#include <cstdio>

namespace {

using namespace deepgen;

constexpr Index n_rows = 150, n_inputs = 20;

struct Case {
    const char *name;
    const char *normalization;
    const char *activation;
    const char *optimizer;
    double dropout;
    bool skip, sparse, weighted;
    const char *augmentation = "none";
    double mixup = 0.0;
    const char *reparametrization = "none";
    const char *way_to_skip = "residual";
    std::vector<const char *> wrappers = {};
    std::optional<Component> pretext = std::nullopt;
};

template <class T>
std::vector<T> numbers(Index n, T scale) {
    std::vector<T> values(as_size(n));
    for (Index i = 0; i < n; ++i)
        values[as_size(i)] = scale * static_cast<T>((i * 7919 + 13) % 101 - 50) / T(50);
    return values;
}

// Enough work a step that three threads are worth while.
NetworkSpec spec_of(const Case &c) {
    const Component normalization{c.normalization, {}};
    NetworkSpec spec{n_inputs, {}, {"squared_error", {}}, true};
    spec.layers.push_back({128, c.activation, normalization, no_skip, c.dropout});
    spec.layers.push_back({128, c.activation, normalization, no_skip, c.dropout});
    spec.layers.push_back({128,
                           "identity",
                           {"none", {}},
                           c.skip ? 0 : no_skip,
                           0.0,
                           {"none", {}},
                           {c.way_to_skip, {}},
                           c.skip ? c.dropout : 0.0});
    const bool gives_back = c.pretext && c.pretext->name == "reconstruction";
    spec.layers.push_back({gives_back ? 2 * n_inputs : 3, "identity", {"none", {}}, no_skip, 0.0});
    for (Index l = 0; l < 3; ++l)
        spec.layers[as_size(l)].reparametrization = {c.reparametrization, {}};
    return spec;
}

template <class T>
std::vector<T> trained(const Case &c, Index n_threads) {
    const Network<T> network(spec_of(c), kernels<T>(""));
    std::vector<T> parameters = numbers<T>(network.layout().n_parameters, T(0.1));
    for (const Block &block : network.layout().blocks)
        if (block.name().starts_with("scale") || block.name().starts_with("gain") ||
            block.name().starts_with("variance"))
            std::fill_n(parameters.data() + block.offset, block.size(), T(1));

    const std::vector<T> X = numbers<T>(n_rows * n_inputs, T(1)), y = numbers<T>(n_rows * 3, T(1));
    std::vector<T> weights = numbers<T>(n_rows, T(0.5));
    for (T &weight : weights)
        weight += T(0.5);
    std::vector<std::int64_t> starts(as_size(n_rows + 1));
    std::vector<std::int32_t> indices;
    std::vector<T> values;
    for (Index i = 0; i < n_rows; ++i) {
        for (Index j = i % 3; j < n_inputs; j += 3) {
            indices.push_back(static_cast<std::int32_t>(j));
            values.push_back(X[as_size(i * n_inputs + j)]);
        }
        starts[as_size(i + 1)] = static_cast<std::int64_t>(indices.size());
    }
    Inputs<T> inputs{.n_rows = n_rows, .n_columns = n_inputs};
    if (c.sparse) {
        inputs.starts = starts.data();
        inputs.indices = indices.data();
        inputs.values = values.data();
    } else
        inputs.dense = X.data();

    OptimizerSpec optimizer{{c.optimizer, {}}};
    for (const char *const wrapper : c.wrappers)
        optimizer.wrappers.push_back({wrapper, {}});
    Trainer<T> trainer(
        network,
        std::make_unique<HostDevice<T>>(network, make_optimizer<T>(optimizer, network.kernels())),
        {1e-3, 64, true, 7, {c.augmentation, {}}, c.mixup, {}, c.pretext});
    trainer.set_data(inputs, {3, y.data(), nullptr, c.weighted ? weights.data() : nullptr},
                     {n_rows});
    trainer.load(parameters.data());
    const std::vector<double> rates(as_size(trainer.steps_per_epoch()), 1e-3);
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
        trainer.begin_epoch(epoch);
        static_cast<void>(trainer.run(rates, n_threads));
    }
    trainer.store(parameters.data());
    return parameters;
}

template <class T>
int differing(const Case &c) {
    const std::vector<T> one = trained<T>(c, 1), three = trained<T>(c, 3);
    const bool same = one == three;
    std::printf("%-24s %s %s\n", c.name, sizeof(T) == 4 ? "float32" : "float64",
                same ? "same bits" : "BITS DIFFER");
    return same ? 0 : 1;
}

} // namespace

int main() {
    const Case cases[] = {
        {"plain", "none", "relu", "adam", 0.0, false, false, false},
        {"weights and momentum", "none", "tanh", "sgd", 0.0, false, false, true},
        {"batch norm", "batch", "relu", "adam", 0.0, false, false, false},
        {"layer norm", "layer", "gelu", "adam", 0.0, false, false, true},
        {"dropout and skip", "none", "relu", "adam", 0.3, true, false, false},
        {"batch norm, all else", "batch", "silu", "sgd", 0.2, true, false, true},
        {"sparse", "none", "relu", "adam", 0.0, false, true, false},
        {"sparse, batch norm", "batch", "relu", "adam", 0.1, false, true, true},
        {"jitter and mixup", "none", "relu", "adam", 0.0, false, false, true, "jitter", 0.4},
        {"contrast, batch norm",
         "batch",
         "relu",
         "adam",
         0.1,
         false,
         false,
         false,
         "marginal",
         0.0,
         "none",
         "residual",
         {"sam"},
         Component{"contrast", {}}},
        {"values and mask",
         "layer",
         "relu",
         "adam",
         0.1,
         true,
         false,
         true,
         "swap",
         0.0,
         "none",
         "residual",
         {},
         Component{"reconstruction", {{"mask", {1.0}}}}},
        {"gates", "layer", "relu", "adam", 0.1, true, false, false, "none", 0.0, "none", "highway"},
        {"sums before a norm", "layer", "relu", "adam", 0.1, true, false, true, "none", 0.0, "none",
         "deepnorm"},
        {"sparse swap and mixup", "batch", "relu", "adam", 0.1, false, true, true, "swap", 0.4},
        {"weight norm", "none", "relu", "adam", 0.1, true, false, true, "none", 0.0, "weight_norm"},
        {"scalar gain, sparse", "batch", "relu", "sgd", 0.0, true, true, false, "none", 0.0,
         "gain"},
        {"clipped sam",
         "batch",
         "relu",
         "adam",
         0.1,
         false,
         false,
         true,
         "none",
         0.0,
         "none",
         "residual",
         {"clip_norm", "adaptive_clip", "sam", "ema"}},
        {"asam",
         "none",
         "relu",
         "adagrad",
         0.1,
         false,
         true,
         true,
         "none",
         0.0,
         "none",
         "residual",
         {"asam"}},
        {"gsam",
         "layer",
         "relu",
         "rmsprop",
         0.1,
         true,
         false,
         true,
         "none",
         0.4,
         "none",
         "residual",
         {"gsam"}},
        {"lpfsgd",
         "batch",
         "relu",
         "adadelta",
         0.1,
         false,
         false,
         true,
         "none",
         0.0,
         "none",
         "residual",
         {"lpfsgd"}},
        {"batch_ensemble",
         "layer",
         "relu",
         "adam",
         0.1,
         true,
         false,
         true,
         "none",
         0.0,
         "none",
         "residual",
         {"clip_norm", "batch_ensemble"}},
    };
    int failed = 0;
    for (const Case &c : cases)
        failed += differing<float>(c) + differing<double>(c);
    failed += check_optimizer_shapes();
    failed += check_probe_bits();
    const int all = static_cast<int>(2 * std::size(cases)) + 2 + n_probe_cases;
    std::printf("%d passed, %d failed\n", all - failed, failed);
    return failed == 0 ? 0 : 1;
}
