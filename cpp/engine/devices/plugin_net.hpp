// A network and its optimizer in the words of the ABI. The geometry is that of AVX-512, whatever
// the processor's own: the packed layout of its panels, and the tasks over it.

#pragma once

#include "engine/devices/abi.h"
#include "engine/network/gradient_tasks.hpp"
#include "engine/network/network.hpp"
#include "engine/optimizers/optimizer.hpp"
#include "engine/optimizers/rules/rated_rule.hpp"

#include <optional>

namespace deepgen {

inline constexpr Index device_panel = 64;

// The number of a member for the device, if it has that member.
std::optional<DeepgenNormalization> normalization_on_device(std::string_view name);
std::optional<DeepgenSkip> skip_on_device(std::string_view name);
std::optional<DeepgenWrapperKind> wrapper_on_device(std::string_view name);

class PluginNet {
  public:
    // Without an optimizer, for the outputs of rows. `packed` has panels of device_panel columns.
    PluginNet(const Network<float> &network, const PackedLayout<float> &packed);
    // The rule's factors are shared out over the layout.
    PluginNet(const Network<float> &network, const PackedLayout<float> &packed,
              const RatedRule<float> &rule, std::span<const Component> wrappers);
    PluginNet(const PluginNet &) = delete;

    const DeepgenNet &view() const { return view_; }

  private:
    std::vector<DeepgenLayer> layers_;
    std::vector<DeepgenTask> tasks_;
    std::vector<DeepgenStretch> stretches_;
    std::vector<DeepgenWrapper> wrappers_;
    std::vector<double> loss_constants_;
    DeepgenNet view_{};
};

} // namespace deepgen
