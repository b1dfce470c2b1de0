// The outputs of a network's rows, computed on the device of a plugin.

#pragma once

#include "engine/devices/plugin_run.hpp"

#include <mutex>

namespace deepgen {

class PluginNetwork {
  public:
    PluginNetwork(const Plugin &plugin, const Network<float> &network) : run_(plugin, network) {}

    // (rows.size, n_outputs) in inference mode. Threads that come at the same time take turns.
    void outputs(const float *parameters, const Inputs<float> &X, const Selection &rows, float *to);

  private:
    std::mutex turn_;
    PluginRun run_; // made when first used
};

// Refuses by name what no plugin can do.
template <class T>
std::shared_ptr<PluginNetwork> network_on_device(const Plugin &plugin, const Network<T> &network);

} // namespace deepgen
