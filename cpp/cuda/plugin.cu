// The plugin: the table of the ABI. Until there are kernels it describes devices only.

#include "cuda/devices.cuh"

namespace deepgen::cuda {
namespace {

const DeepgenPlugin table{
    .abi = DEEPGEN_ABI,
    .built_for = DEEPGEN_BUILT_FOR,
    .n_devices = n_devices,
    .describe = describe,
    .create = nullptr,
    .destroy = nullptr,
    .set_data = nullptr,
    .set_order = nullptr,
    .write = nullptr,
    .read = nullptr,
    .run = nullptr,
    .outputs = nullptr,
};

} // namespace
} // namespace deepgen::cuda

extern "C" __attribute__((visibility("default"))) const DeepgenPlugin *
deepgen_plugin(std::int32_t abi) {
    return abi == DEEPGEN_ABI ? &deepgen::cuda::table : nullptr;
}
