#include "engine/devices/plugin.hpp"

#include <dlfcn.h>

namespace deepgen {
namespace {

DeviceReason reason_of(std::int32_t reason) {
    switch (reason) {
    case DEEPGEN_NO_DRIVER:
        return DeviceReason::no_driver;
    case DEEPGEN_OLD_DRIVER:
        return DeviceReason::old_driver;
    case DEEPGEN_NO_DEVICE:
        return DeviceReason::no_device;
    case DEEPGEN_OLD_DEVICE:
        return DeviceReason::old_device;
    case DEEPGEN_NO_MEMORY:
        return DeviceReason::no_memory;
    default:
        return DeviceReason::failed;
    }
}

// Why the loader failed last.
std::string loader_error() {
    const char *const words = dlerror();
    return words ? words : "no reason given";
}

const DeepgenPlugin *open_table(const std::string &path) {
    void *const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw DeviceError(DeviceReason::not_opened, loader_error());
    const auto entry = reinterpret_cast<DeepgenPluginEntry>(dlsym(library, "deepgen_plugin"));
    if (!entry)
        throw DeviceError(DeviceReason::no_plugin, loader_error());
    const DeepgenPlugin *const table = entry(DEEPGEN_ABI);
    if (!table || table->abi != DEEPGEN_ABI)
        throw DeviceError(DeviceReason::other_version,
                          table ? "it speaks version " + std::to_string(table->abi) +
                                      " of the interface, the engine " + std::to_string(DEEPGEN_ABI)
                                : "it does not speak version " + std::to_string(DEEPGEN_ABI) +
                                      " of the interface");
    return table;
}

} // namespace

std::string_view name_of(DeviceReason reason) {
    switch (reason) {
    case DeviceReason::not_opened:
        return "not_opened";
    case DeviceReason::no_plugin:
        return "no_plugin";
    case DeviceReason::other_version:
        return "other_version";
    case DeviceReason::no_driver:
        return "no_driver";
    case DeviceReason::old_driver:
        return "old_driver";
    case DeviceReason::no_device:
        return "no_device";
    case DeviceReason::old_device:
        return "old_device";
    case DeviceReason::no_memory:
        return "no_memory";
    case DeviceReason::failed:
        break;
    }
    return "failed";
}

DeviceError::DeviceError(DeviceReason reason, const std::string &detail)
    : std::runtime_error(detail), reason_(reason) {}

DeviceError::DeviceError(const DeepgenStatus &status)
    : DeviceError(reason_of(status.reason), status.detail) {}

Plugin::Plugin(const std::string &path) : table_(open_table(path)) {}

std::int32_t Plugin::n_devices() const {
    DeepgenStatus status{};
    const std::int32_t n = table_->n_devices(&status);
    if (n < 0)
        throw DeviceError(status);
    if (n == 0)
        throw DeviceError(DeviceReason::no_device, "the driver finds none");
    return n;
}

DeviceDescription Plugin::describe(std::int32_t device) const {
    DeepgenStatus status{};
    DeviceDescription description{};
    if (table_->describe(device, &description.info, &status) != 0) {
        if (status.reason != DEEPGEN_OLD_DEVICE)
            throw DeviceError(status);
        description.refusal = status.detail;
    }
    return description;
}

} // namespace deepgen
