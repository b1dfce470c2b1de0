// A run is made, and its arrays go out and come back.

#include "engine/devices/plugin_run.hpp"

#include <algorithm>

namespace deepgen {
namespace {

constexpr std::int32_t first_device = 0;

} // namespace

PluginRun::PluginRun(const Plugin &plugin, const Network<float> &network)
    : table_(plugin.table()), network_(network),
      packed_(network.spec(), network.layout(), device_panel, network.kernels().products.transpose),
      run_(nullptr, table_.destroy) {}

void PluginRun::create(const PluginNet &net) {
    DeepgenStatus status{};
    run_.reset(table_.create(first_device, &net.view(), &status));
    if (!run_)
        throw DeviceError(status);
}

void PluginRun::write(std::int32_t array, std::span<const float> numbers) const {
    call(table_.write, array, std::ssize(numbers), numbers.data());
}

void PluginRun::read(std::int32_t array, std::span<float> numbers) const {
    call(table_.read, array, std::ssize(numbers), numbers.data());
}

template <class Work>
void PluginRun::for_each_statistic(Work work) const {
    std::int32_t layer = 0;
    for (const LayerBlocks &blocks : network_.layout().layers) {
        if (blocks.mean != absent) {
            work(DEEPGEN_MEAN + layer, blocks.mean, blocks.width);
            work(DEEPGEN_VARIANCE + layer, blocks.variance, blocks.width);
        }
        ++layer;
    }
}

void PluginRun::load(const float *flat) const {
    Buffer<float> numbers(as_size(packed_.size()));
    packed_.pack(flat, numbers.data());
    write(DEEPGEN_WEIGHTS, numbers);
    for_each_statistic([&](std::int32_t array, Index offset, Index width) {
        numbers.assign(as_size(padded<float>(width)), 0.0F);
        std::copy_n(flat + offset, width, numbers.data());
        write(array, numbers);
    });
}

void PluginRun::store(float *flat) const {
    Buffer<float> numbers(as_size(packed_.size()));
    read(DEEPGEN_WEIGHTS, numbers);
    packed_.unpack(numbers.data(), flat);
    for_each_statistic([&](std::int32_t array, Index offset, Index width) {
        numbers.resize(as_size(padded<float>(width)));
        read(array, numbers);
        std::copy_n(numbers.data(), width, flat + offset);
    });
}

} // namespace deepgen
