// A network on the device of a plugin, with its weights; a thread at a time.

#pragma once

#include "engine/devices/plugin.hpp"
#include "engine/devices/plugin_net.hpp"

#include <memory>

namespace deepgen {

class PluginRun {
  public:
    PluginRun(const Plugin &plugin, const Network<float> &network);

    const DeepgenPlugin &table() const { return table_; }
    const Network<float> &network() const { return network_; }
    // The layout on the device.
    const PackedLayout<float> &packed() const { return packed_; }
    DeepgenRun *get() const { return run_.get(); }

    void create(const PluginNet &net);

    // The weights and running statistics, as flat vectors.
    void load(const float *flat) const;
    void store(float *flat) const;
    void write(std::int32_t array, std::span<const float> numbers) const;
    void read(std::int32_t array, std::span<float> numbers) const;

    // Calls a function of the plugin's table that takes the run; throws what it reports.
    template <class... Parameters, class... Arguments>
    void call(std::int32_t (*function)(DeepgenRun *, Parameters...),
              const Arguments &...arguments) const {
        DeepgenStatus status{};
        if (function(run_.get(), arguments..., &status) != 0)
            throw DeviceError(status);
    }

  private:
    // Calls work(array of the ABI, flat offset, width) for the running statistics of each layer.
    template <class Work>
    void for_each_statistic(Work work) const;

    const DeepgenPlugin &table_;
    const Network<float> &network_;
    PackedLayout<float> packed_;
    std::unique_ptr<DeepgenRun, void (*)(DeepgenRun *)> run_;
};

} // namespace deepgen
