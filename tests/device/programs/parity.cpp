// Trains small networks by the engine and by a plugin, and compares all that comes out by bits.
//
//   parity PLUGIN          exit status 1 where something differs

#include "engine/devices/host_device.hpp"
#include "engine/devices/plugin_device.hpp"
#include "engine/kernels/kernel_table.hpp"
#include "engine/training/trainer.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace {

using namespace deepgen;

struct Case {
    const char *name;
    NetworkSpec network;
    OptimizerSpec optimizer{{"adam", {}}};
    Index n_rows = 101, batch_size = 32;
    bool weighted = false;
    RateFactors factors = {};
};

std::vector<float> numbers(Index n, float scale, std::uint32_t seed) {
    std::vector<float> values(as_size(n));
    for (float &value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = scale * (static_cast<float>(seed >> 8) / 8388608.0f - 1.0f);
    }
    return values;
}

// All that training leaves, as one list: parameters, state, and the reports of the epochs.
std::vector<double> trained(const Case &c, const Network<float> &network,
                            std::unique_ptr<Device<float>> device) {
    const Index n = c.n_rows, n_train = n - 2;
    const std::vector<float> X = numbers(n * c.network.n_inputs, 1.5f, 1);
    const std::vector<float> y = numbers(n * network.n_targets(), 2.0f, 2);
    std::vector<float> weights = numbers(n, 1.0f, 3);
    for (float &weight : weights)
        weight = std::fmax(weight, 0.0f);
    std::vector<float> parameters = numbers(network.layout().n_parameters, 0.4f, 4);
    for (const Block &block : network.layout().blocks)
        if (block.name().starts_with("scale") || block.name().starts_with("variance"))
            std::fill_n(parameters.data() + block.offset, block.size(), 1.0f);
    std::vector<std::int64_t> rows(as_size(n_train));
    for (Index i = 0; i < n_train; ++i)
        rows[as_size(i)] = i * 7 % n;

    TrainingSpec spec{.alpha = 1e-2, .batch_size = c.batch_size, .shuffle = true, .seed = 5};
    spec.rate_factors = c.factors;
    Trainer<float> trainer(network, std::move(device), spec);
    trainer.set_data({.n_rows = n, .n_columns = c.network.n_inputs, .dense = X.data()},
                     {.n_targets = network.n_targets(),
                      .values = y.data(),
                      .weights = c.weighted ? weights.data() : nullptr},
                     {n_train, rows.data()});
    trainer.load(parameters.data());
    std::vector<double> all;
    for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
        trainer.begin_epoch(epoch);
        for (bool done = false; !done;) {
            const Progress progress = trainer.run(std::array{0.01, 0.02, 0.01}, 1);
            all.insert(all.end(), {progress.loss, progress.gradient_norm});
            done = progress.epoch_done || !progress.finite;
        }
    }
    trainer.store(parameters.data());
    all.insert(all.end(), parameters.begin(), parameters.end());
    const auto layout = trainer.state_layout();
    for (std::size_t i = 0; i < layout.size(); ++i) {
        std::vector<float> state(as_size(layout[i].size));
        trainer.store_state(i, state.data());
        all.insert(all.end(), state.begin(), state.end());
    }
    return all;
}

bool agrees(const Case &c, const Plugin &plugin) {
    const Kernels<float> &path = kernels<float>("avx512");
    const Network<float> network(c.network, path);
    const auto host = trained(
        c, network,
        std::make_unique<HostDevice<float>>(network, make_optimizer<float>(c.optimizer, path)));
    const auto device =
        trained(c, network, std::make_unique<PluginDevice>(plugin, network, c.optimizer));
    std::size_t n_differing = host.size() == device.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(host.size(), device.size()); ++i)
        n_differing += std::memcmp(&host[i], &device[i], sizeof host[i]) != 0;
    std::printf("%s: %zu of %zu numbers differ\n", c.name, n_differing, host.size());
    std::fflush(stdout);
    return n_differing == 0;
}

NetworkSpec net(Index n_inputs, std::initializer_list<Index> widths, const char *activation) {
    NetworkSpec spec{.n_inputs = n_inputs, .layers = {}};
    for (const Index width : widths)
        spec.layers.push_back({.width = width, .activation = activation});
    spec.layers.back().activation = "identity";
    return spec;
}

std::vector<Case> cases() {
    std::vector<Case> list;
    list.push_back({"plain", net(16, {64, 64, 1}, "relu"), {{"adam", {}}}, 153});
    list.push_back({"odd widths", net(15, {17, 65, 3}, "mish")});
    list.back().weighted = true;
    list.push_back({"rates of layers", net(15, {17, 65, 3}, "parametric_relu")});
    list.back().optimizer = {{"sgd", {{"momentum", {0.9}}, {"weight_decay", {0.1}}}}};
    list.back().factors = {{"first_coefs", 0.5}, {"intercepts", 0.1}};
    list.push_back({"dropout", net(15, {17, 65, 3}, "relu")});
    list.back().network.layers[0].dropout = 0.2;
    list.back().network.layers[1].dropout = 0.4;
    list.push_back({"layer norm, residual", net(15, {20, 20, 20, 3}, "silu")});
    for (int i = 0; i < 3; ++i)
        list.back().network.layers[as_size(i)].normalization = {"layer", {}};
    list.back().network.layers[1].skip_from = 0;
    list.back().network.layers[2].skip_from = 1;
    list.back().network.layers[2].branch_drop = 0.3;
    list.push_back({"batch norm", net(15, {17, 65, 3}, "relu")});
    for (int i = 0; i < 2; ++i)
        list.back().network.layers[as_size(i)].normalization = {"batch", {}};
    list.push_back({"deepnorm, clipped", net(15, {20, 20, 3}, "tanh")});
    list.back().network.layers[0].normalization = {"layer", {}};
    list.back().network.layers[1].normalization = {"layer", {}};
    list.back().network.layers[1].skip_from = 0;
    list.back().network.layers[1].skip = {"deepnorm", {{"alpha", {1.5}}}};
    list.back().optimizer.wrappers = {{"clip_norm", {{"limit", {0.5}}}}, {"ema", {}}};
    list.push_back({"asam", net(15, {17, 65, 3}, "relu")});
    list.back().optimizer.wrappers = {{"asam", {}}};
    list.push_back({"many blocks", net(70, {300, 128, 5}, "relu"), {{"adam", {}}}, 302, 100});
    list.back().network.layers[0].normalization = {"batch", {}};
    list.back().optimizer.wrappers = {{"sam", {}}};
    list.push_back({"tiles", net(20, {530, 70, 6}, "mish"), {{"adam", {}}}, 205, 140});
    list.push_back({"tiles, batch norm", net(9, {66, 520, 3}, "relu"), {{"adam", {}}}, 42, 20});
    list.back().network.layers[1].normalization = {"batch", {}};
    list.back().network.layers[1].dropout = 0.2;
    return list;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 2) {
        std::fprintf(stderr, "parity PLUGIN\n");
        return 2;
    }
    const Plugin plugin(argv[1]);
    int n_wrong = 0;
    for (const Case &c : cases())
        n_wrong += !agrees(c, plugin);
    return n_wrong != 0;
}
