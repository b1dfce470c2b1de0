// Trains five small networks, which between them have every activation and most kinds of loss,
// rule, normalization and change of rows, and prints the hashes of their weights: what two
// compilers or two processors have to agree on.

#include "engine/core/parallel.hpp"
#include "engine/core/random.hpp"
#include "engine/devices/host_device.hpp"
#include "engine/training/trainer.hpp"

#include <cstdio>

namespace {

using namespace deepgen;

constexpr Index n_rows = 200, n_inputs = 20, width = 24;
constexpr std::uint64_t seed = 7;

struct Net {
    const char *name;
    Component loss;
    Index n_outputs;
    LayerSpec first, second;
    OptimizerSpec optimizer;
    double rate;
    Component augmentation = {"none", {}};
    double mixup = 0.0;
    bool sparse = false, weighted = false;
};

std::vector<Net> five_nets() {
    const Component none{"none", {}}, batch{"batch", {}}, layer{"layer", {}};
    return {
        {"regression",
         {"squared_error", {}},
         2,
         {width, "relu", batch, no_skip, 0.1},
         {width, "silu", layer, 0, 0.0},
         {{"adam", {{"weight_decay", {0.01}}}}},
         1e-2,
         {"jitter", {}},
         0.4},
        {"classes",
         {"log_loss", {{"label_smoothing", {0.1}}}},
         4,
         {width, "gelu", layer, no_skip, 0.2, {"scaled_weight_standardization", {}}},
         {width, "tanh", none, 0, 0.0, none, {"highway", {}}},
         {{"sgd", {}}, {{"clip_norm", {}}, {"asam", {}}}},
         1e-1},
        {"binary",
         {"binary_log_loss", {}},
         1,
         {width, "elu", batch, no_skip, 0.0, {"weight_norm", {}}},
         {width, "mish"},
         {{"rmsprop", {}}, {{"sam", {}}, {"ema", {}}}},
         1e-3,
         {"swap", {}},
         0.0,
         true},
        {"counts",
         {"poisson", {}},
         1,
         {width, "selu"},
         {width, "logistic", layer, 0, 0.1, {"gain", {}}, {"deepnorm", {}}},
         {{"adagrad", {}}, {{"adaptive_clip", {}}}},
         1e-2,
         {"mask", {}},
         0.0,
         false,
         true},
        {"quantiles",
         {"quantile", {{"quantile", {0.1, 0.5, 0.9}}}},
         3,
         {width, "leaky_relu", none, no_skip, 0.1},
         {width, "identity", none, 0, 0.0, {"weight_standardization", {}}, {"residual", {}}, 0.2},
         {{"adadelta", {}}, {{"gsam", {}}}},
         1.0,
         none,
         0.4,
         true,
         true},
    };
}

// In [0, 1), and the same everywhere.
template <class T>
std::vector<T> fractions(Index n, std::uint64_t key) {
    std::vector<T> numbers(as_size(n));
    for (Index i = 0; i < n; ++i)
        numbers[as_size(i)] = static_cast<T>(random::fraction(key, static_cast<std::uint64_t>(i)));
    return numbers;
}

template <class T>
std::vector<T> first_parameters(const Layout &layout) {
    std::vector<T> parameters = fractions<T>(layout.n_parameters, 1);
    for (T &parameter : parameters)
        parameter = (parameter - T(0.5)) / T(2);
    for (const Block &block : layout.blocks)
        if (block.name().starts_with("scale") || block.name().starts_with("gain") ||
            block.name().starts_with("variance"))
            std::fill_n(parameters.data() + block.offset, block.size(), T(1));
    return parameters;
}

// Every third entry of the rows of X, as CSR.
template <class T>
struct Sparse {
    std::vector<std::int64_t> starts{0};
    std::vector<std::int32_t> indices;
    std::vector<T> values;

    explicit Sparse(const std::vector<T> &X) {
        for (Index i = 0; i < n_rows; ++i) {
            for (Index j = i % 3; j < n_inputs; j += 3) {
                indices.push_back(static_cast<std::int32_t>(j));
                values.push_back(X[as_size(i * n_inputs + j)]);
            }
            starts.push_back(static_cast<std::int64_t>(indices.size()));
        }
    }
};

template <class T>
std::vector<T> trained(const Net &net) {
    NetworkSpec spec{n_inputs, {net.first, net.second}, net.loss};
    spec.layers.push_back({net.n_outputs, "identity"});
    const Network<T> network(std::move(spec), kernels<T>(""));

    std::vector<T> X = fractions<T>(n_rows * n_inputs, 2);
    for (T &x : X)
        x = T(4) * x - T(2);
    const Sparse<T> entries(X);
    Inputs<T> inputs{.n_rows = n_rows, .n_columns = n_inputs};
    if (net.sparse) {
        inputs.starts = entries.starts.data();
        inputs.indices = entries.indices.data();
        inputs.values = entries.values.data();
    } else
        inputs.dense = X.data();

    const Index n_targets = network.n_targets();
    const std::vector<T> y = fractions<T>(n_rows * n_targets, 3), weights = fractions<T>(n_rows, 4);
    std::vector<std::int32_t> classes;
    for (const T share : y)
        classes.push_back(
            static_cast<std::int32_t>(share * static_cast<T>(std::max<Index>(net.n_outputs, 2))));
    TargetsView<T> targets{.n_targets = n_targets};
    if (network.takes_classes())
        targets.classes = classes.data();
    else
        targets.values = y.data();
    if (net.weighted)
        targets.weights = weights.data();

    Trainer<T> trainer(network,
                       std::make_unique<HostDevice<T>>(
                           network, make_optimizer<T>(net.optimizer, network.kernels())),
                       {1e-3, 48, true, seed, net.augmentation, net.mixup});
    trainer.set_data(inputs, targets, {n_rows});
    std::vector<T> parameters = first_parameters<T>(network.layout());
    trainer.load(parameters.data());
    const std::vector<double> rates(as_size(trainer.steps_per_epoch()), net.rate);
    for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
        trainer.begin_epoch(epoch);
        require(trainer.run(rates, 1).finite, net.name, ": the loss is not finite");
    }
    trainer.store(parameters.data());
    return parameters;
}

// Of Fowler, Noll and Vo, over the bytes.
template <class T>
std::uint64_t hash(const std::vector<T> &numbers) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const std::byte byte : std::as_bytes(std::span(numbers)))
        hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
    return hash;
}

template <class T>
const char *denormals() {
    const volatile T smallest = std::numeric_limits<T>::min();
    const volatile bool kept = smallest / T(2) > T(0);
    return kept ? "kept" : "flushed";
}

template <class T>
void report(const char *type) {
    for (const Net &net : five_nets())
        std::printf("%-10s %s %016llx\n", net.name, type,
                    static_cast<unsigned long long>(hash(trained<T>(net))));
    const char *const outside = denormals<T>();
    const FlushDenormals flush;
    std::printf("denormals  %s %s, while training %s\n", type, outside, denormals<T>());
}

} // namespace

int main() {
    report<float>("float32");
    report<double>("float64");
}
