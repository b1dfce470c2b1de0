// The plugin: the table of the ABI, and launches.

#include "cuda/devices.cuh"
#include "cuda/run.cuh"
#include "cuda/train_in_block.cuh"

namespace deepgen::cuda {
namespace {

// The highest level at which a block of the run fits.
int level_of(const Slice &slice, std::int64_t room) {
    int level = state;
    while (level > nothing && shared_bytes(slice, level) > room)
        --level;
    return level;
}

// Runs whose weights fit into shared memory are trained by a block each, in one launch.
void train(std::int64_t n_runs, DeepgenRun *const *runs, const DeepgenSlice *given) {
    const std::int32_t device = runs[0]->device;
    check(cudaSetDevice(device), "cudaSetDevice");
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    // Where there are more runs than multiprocessors, two share one.
    auto room = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
    if (n_runs > properties.multiProcessorCount)
        room = room / 2 - 1024; // which the system takes of each block
    std::int64_t shared = 0;
    std::vector<Slice> small;
    const Stream stream;
    for (std::int64_t i = 0; i < n_runs; ++i) {
        Slice slice = runs[i]->slice(given[i]);
        slice.shared = level_of(slice, room);
        if (slice.shared < weights) {
            slice.shared = nothing;
            runs[i]->train(slice, stream.get());
            continue;
        }
        shared = std::max(shared, shared_bytes(slice, slice.shared));
        small.push_back(slice);
    }
    const DeviceArray<Slice> on_device(small);
    if (!small.empty()) {
        check(cudaFuncSetAttribute(reinterpret_cast<const void *>(train_in_block),
                                   cudaFuncAttributeMaxDynamicSharedMemorySize, as_int(shared)),
              "shared memory of a block");
        check(launch(train_in_block, dim3(static_cast<unsigned>(small.size())), dim3(block_threads),
                     static_cast<std::size_t>(shared), stream.get(), on_device.data()),
              "launch");
    }
    check(cudaStreamSynchronize(stream.get()), "training");
    for (std::int64_t i = 0; i < n_runs; ++i)
        runs[i]->read_reports(given[i]);
}

const DeepgenPlugin table{
    .abi = DEEPGEN_ABI,
    .built_for = DEEPGEN_BUILT_FOR,
    .n_devices = n_devices,
    .describe = describe,
    .create = [](std::int32_t device, const DeepgenNet *net,
                 DeepgenStatus *status) -> DeepgenRun * {
        DeepgenRun *run = nullptr;
        guarded(status, [&] {
            check(cudaSetDevice(device), "cudaSetDevice");
            run = new DeepgenRun(device, *net);
        });
        return run;
    },
    .destroy = [](DeepgenRun *run) { delete run; },
    .set_data =
        [](DeepgenRun *run, const DeepgenData *data, DeepgenStatus *status) {
            return guarded(status, [&] { run->set_data(*data); });
        },
    .set_order =
        [](DeepgenRun *run, std::int64_t n, const std::int64_t *order, DeepgenStatus *status) {
            return guarded(status, [&] { run->set_order(n, order); });
        },
    .write =
        [](DeepgenRun *run, std::int32_t array, std::int64_t n, const float *from,
           DeepgenStatus *status) { return guarded(status, [&] { run->write(array, n, from); }); },
    .read = [](DeepgenRun *run, std::int32_t array, std::int64_t n, float *to,
               DeepgenStatus *status) { return guarded(status, [&] { run->read(array, n, to); }); },
    .run =
        [](std::int64_t n_runs, DeepgenRun *const *runs, const DeepgenSlice *slices,
           DeepgenStatus *status) { return guarded(status, [&] { train(n_runs, runs, slices); }); },
    .outputs =
        [](DeepgenRun *run, std::int64_t n_rows, const float *X, float *to, DeepgenStatus *status) {
            return guarded(status, [&] { run->outputs(n_rows, X, to); });
        },
};

} // namespace
} // namespace deepgen::cuda

extern "C" __attribute__((visibility("default"))) const DeepgenPlugin *
deepgen_plugin(std::int32_t abi) {
    return abi == DEEPGEN_ABI ? &deepgen::cuda::table : nullptr;
}
