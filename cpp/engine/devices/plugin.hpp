// A plugin for a device: a shared library of its own, opened when a device is first asked for.

#pragma once

#include "engine/devices/abi.h"

#include <stdexcept>
#include <string>
#include <string_view>

namespace deepgen {

// What a device lacks, or what it reported: the plugin's reasons (DeepgenReason), after those of a
// library that is none. Whoever talks to users says how to get what is missing.
enum class DeviceReason {
    not_opened,
    no_plugin,
    other_version,
    no_driver,
    old_driver,
    no_device,
    old_device,
    no_memory,
    failed
};
[[nodiscard]] std::string_view name_of(DeviceReason reason);

// `what()` is the detail: what came.
class DeviceError : public std::runtime_error {
  public:
    DeviceError(DeviceReason reason, const std::string &detail);
    explicit DeviceError(const DeepgenStatus &status);

    [[nodiscard]] DeviceReason reason() const { return reason_; }

  private:
    DeviceReason reason_;
};

struct DeviceDescription {
    DeepgenDeviceInfo info;
    std::string refusal; // why the plugin does not run on it; empty where it does
};

class Plugin {
  public:
    // Throws DeviceError. The loader opens a file once per process, and it stays open: threads of
    // a driver may run in it.
    explicit Plugin(const std::string &path);

    [[nodiscard]] const DeepgenPlugin &table() const { return *table_; }
    [[nodiscard]] std::string built_for() const { return table_->built_for; }
    // At least 1: throws DeviceError where there is none.
    [[nodiscard]] std::int32_t n_devices() const;
    // Takes memory of the device, which its driver keeps for the process.
    [[nodiscard]] DeviceDescription describe(std::int32_t device) const;

  private:
    const DeepgenPlugin *table_;
};

} // namespace deepgen
