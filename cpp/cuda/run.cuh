// A run: one net with its weights, its optimizer's state and its place in the data.

#pragma once

#include "cuda/infer.cuh"
#include "cuda/layout.cuh"
#include "cuda/placement.cuh"
#include "cuda/stages.cuh"
#include "cuda/tables.cuh"
#include "cuda/train_in_blocks.cuh"

#include <memory>
#include <optional>

using namespace deepgen::cuda; // the ABI's type stands outside

struct DeepgenRun {
    DeepgenRun(std::int32_t device_, const DeepgenNet &given);

    void set_data(const DeepgenData &given);
    void set_order(std::int64_t n, const std::int64_t *from);
    void write(std::int32_t array, std::int64_t n, const float *from);
    void read(std::int32_t array, std::int64_t n, float *to) const;
    // The run's part of a launch.
    Slice slice(const DeepgenSlice &given);
    // Trains by launches of its own.
    void train(const Slice &slice, cudaStream_t stream);
    void outputs(std::int64_t n_rows, const float *X, float *to);
    void read_reports(const DeepgenSlice &given) const {
        reports.read(given.reports, given.n_steps);
    }

    std::int32_t device;

  private:
    // Calls take(numbers, n) with the place of an array of the ABI.
    template <class Take>
    void with_array(std::int32_t array, Take take) const;
    bool is_begun(std::int32_t array) const {
        return net.wrappers.averages && array == DEEPGEN_STATE + net.n_state_arrays + 1;
    }
    // As before the first step of a slice.
    void set_begun(bool begun) {
        Totals fresh{};
        fresh.begun = begun;
        totals.write(&fresh, 1);
    }
    void make_room(int n_rows);
    void make_transposes(const float *packed);

    Layout layout;
    Net net{};
    Memory memory{};
    Sizes sizes{};
    DeviceArray<Layer> layers;
    DeviceArray<Task> tasks;
    DeviceArray<Segment> segments;
    Plan plan;
    DeviceArray<Stage> stages;
    DeviceArray<Operation> operations;
    DeviceArray<double> loss_constants;
    DeviceArray<float> weights, transposed, gradient, state, ascent, average, running;
    DeviceArray<Totals> totals;
    DeviceArray<char> batch; // place_batch
    std::shared_ptr<const Table> table;
    DeviceArray<std::int64_t> order;
    DeviceArray<double> numbers; // constants and decays of the slice's steps
    DeviceArray<Step> steps;
    DeviceArray<DeepgenReport> reports;
    DeviceArray<Slice> own_slice; // its address is in the graph
    std::optional<StepGraph> graph;
};

inline DeepgenRun::DeepgenRun(std::int32_t device_, const DeepgenNet &given)
    : device(device_), layout(given), layers(std::ssize(layout.layers)), tasks(layout.tasks),
      segments(layout.segments),
      loss_constants(
          std::span(given.loss_constants, static_cast<std::size_t>(given.n_loss_constants))),
      weights(given.n_weights), transposed(layout.n_transposed), gradient(given.n_weights),
      state(given.n_weights * given.n_state_arrays), running(layout.n_running), totals(1),
      own_slice(1) {
    const Wrappers wrappers = wrappers_of(given);
    ascent = DeviceArray<float>(wrappers.ascends ? 2 * given.n_weights : 0);
    average = DeviceArray<float>(wrappers.averages ? given.n_weights : 0);
    net = {.n_inputs = as_int(given.n_inputs),
           .n_layers = as_int(given.n_layers),
           .layers = layers.data(),
           .n_weights = as_int(given.n_weights),
           .n_transposed = layout.n_transposed,
           .n_tasks = as_int(tasks.size()),
           .n_segments = as_int(segments.size()),
           .tasks = tasks.data(),
           .segments = segments.data(),
           .loss = given.loss,
           .n_loss_constants = as_int(given.n_loss_constants),
           .loss_constants = loss_constants.data(),
           .takes_classes = given.takes_classes != 0,
           .n_targets = as_int(given.n_targets),
           .rule = given.rule,
           .n_state_arrays = as_int(given.n_state_arrays),
           .n_factors = given.n_factors,
           .wrappers = wrappers,
           .input_stride = padded(given.n_inputs)};
    memory.weights = weights.data();
    memory.transposed = transposed.data();
    memory.gradient = gradient.data();
    gradient.clear(); // padding has no gradient, ever
    for (int s = 0; s < net.n_state_arrays; ++s)
        memory.state[s] = state.data() + s * given.n_weights;
    memory.direction = ascent.data();
    memory.saved = ascent.data() + given.n_weights;
    memory.average = average.data();
    memory.running = running.data();
    memory.totals = totals.data();
    set_begun(false);
}

inline void DeepgenRun::set_data(const DeepgenData &given) {
    table = table_of(device, given, net.n_targets);
    const int n_rows = as_int(given.largest_batch);
    plan = plan_of(layout.layers, net.wrappers, n_rows);
    stages = DeviceArray<Stage>(std::span<const Stage>(plan.stages));
    operations = DeviceArray<Operation>(std::span<const Operation>(plan.operations));
    make_room(n_rows);
}

// For batches of so many rows.
inline void DeepgenRun::make_room(int n_rows) {
    graph.reset();
    sizes = layout.place_batch(n_rows, net.input_stride);
    layers.write(layout.layers.data(), layers.size());
    Room room(nullptr);
    place_batch(room, net, sizes, memory);
    batch = DeviceArray<char>(room.bytes());
    room = Room(batch.data());
    place_batch(room, net, sizes, memory);
}

inline void DeepgenRun::set_order(std::int64_t n, const std::int64_t *from) {
    order.at_least(n);
    order.write(from, n);
}

// The rule's state, then that of the average: its numbers, and whether it has begun.
template <class Take>
void DeepgenRun::with_array(std::int32_t array, Take take) const {
    const std::int64_t n = net.n_weights;
    const std::int32_t number = array - DEEPGEN_STATE;
    if (array == DEEPGEN_WEIGHTS)
        return take(memory.weights, n);
    if (number >= 0 && number < net.n_state_arrays)
        return take(memory.state[number], n);
    if (number == net.n_state_arrays && net.wrappers.averages)
        return take(memory.average, n);
    for (std::size_t l = 0; l < layout.layers.size(); ++l) {
        const Layer &layer = layout.layers[l];
        float *const mean = memory.running + layer.running;
        if (layer.normalization != DEEPGEN_BATCH_NORM)
            continue;
        if (array == DEEPGEN_MEAN + as_int(l))
            return take(mean, layer.stride);
        if (array == DEEPGEN_VARIANCE + as_int(l))
            return take(mean + layer.stride, layer.stride);
    }
    throw Failure{DEEPGEN_FAILED, "a run has no array " + std::to_string(array)};
}

inline void DeepgenRun::write(std::int32_t array, std::int64_t n, const float *from) {
    if (is_begun(array)) {
        set_begun(*from != 0.0F);
        return;
    }
    with_array(array,
               [&](float *to, std::int64_t room) { copy_to_device(to, from, std::min(n, room)); });
    if (array == DEEPGEN_WEIGHTS)
        make_transposes(from);
}

inline void DeepgenRun::read(std::int32_t array, std::int64_t n, float *to) const {
    if (is_begun(array)) {
        Totals own{};
        totals.read(&own, 1);
        *to = own.begun ? 1.0F : 0.0F;
        return;
    }
    with_array(array, [&](const float *from, std::int64_t room) {
        copy_from_device(to, from, std::min(n, room));
    });
}

inline void DeepgenRun::make_transposes(const float *packed) {
    std::vector<float> all(static_cast<std::size_t>(layout.n_transposed));
    for (const Layer &layer : layout.layers)
        for (int k = 0; layer.transposes && k < layer.n_inputs; ++k)
            for (int j = 0; j < layer.width; ++j) {
                const Place from = packed_place(layer.padded_inputs, layer.padded_width, 0, j);
                const Place to =
                    packed_place(layer.padded_width, layer.padded_inputs, transposed_gap, k);
                all[static_cast<std::size_t>(layer.transposed + to.first + j * to.stride)] =
                    packed[layer.coefs + from.first + k * from.stride];
            }
    transposed.write(all.data(), std::ssize(all));
}

inline Slice DeepgenRun::slice(const DeepgenSlice &given) {
    const std::int64_t n_constants = net.n_factors * DEEPGEN_N_CONSTANTS;
    const std::int64_t per_step = n_constants + net.n_factors;
    numbers.at_least(given.n_steps * per_step);
    std::vector<double> all;
    std::vector<Step> own;
    for (std::int64_t s = 0; s < given.n_steps; ++s) {
        const DeepgenStep &step = given.steps[s];
        all.insert(all.end(), step.constants, step.constants + n_constants);
        all.insert(all.end(), step.decays, step.decays + net.n_factors);
        const double *const there = numbers.data() + s * per_step;
        own.push_back({.first = step.begin,
                       .n_rows = as_int(step.end - step.begin),
                       .weight_sum = step.weight_sum,
                       .penalty = step.penalty,
                       .dropout = step.dropout,
                       .constants = there,
                       .decays = there + n_constants});
    }
    numbers.write(all.data(), std::ssize(all));
    steps.at_least(given.n_steps);
    steps.write(own.data(), given.n_steps);
    reports.at_least(given.n_steps);
    Totals before{};
    totals.read(&before, 1);
    set_begun(before.begun);
    return {.net = net,
            .data = table->view(net.n_inputs),
            .memory = memory,
            .order = order.data(),
            .dropout_key = given.dropout_key,
            .branch_key = given.branch_key,
            .n_stages = as_int(stages.size()),
            .stages = stages.data(),
            .operations = operations.data(),
            .n_steps = as_int(given.n_steps),
            .steps = steps.data(),
            .reports = reports.data(),
            .sizes = sizes,
            .shared = nothing};
}

inline void DeepgenRun::train(const Slice &slice, cudaStream_t stream) {
    own_slice.write(&slice, 1);
    if (!graph)
        graph.emplace(slice, plan.stages, own_slice.data());
    graph->run(slice.n_steps, stream);
}

inline void DeepgenRun::outputs(std::int64_t n_rows, const float *X, float *to) {
    const int n_outputs = layout.layers.back().width;
    const int together = as_int(std::min<std::int64_t>(n_rows, infer_rows));
    if (sizes.n_rows < together)
        make_room(together);
    DeviceArray<float> rows(static_cast<std::int64_t>(together) * net.n_inputs);
    DeviceArray<float> results(static_cast<std::int64_t>(together) * n_outputs);
    const Data data{.n_columns = net.n_inputs,
                    .X = rows.data(),
                    .values = nullptr,
                    .classes = nullptr,
                    .weights = nullptr};
    check(launch(freeze, dim3(1), dim3(block_threads), 0, nullptr, net, memory, data), "launch");
    for (std::int64_t first = 0; first < n_rows; first += together) {
        const int n = as_int(std::min<std::int64_t>(together, n_rows - first));
        rows.write(X + first * net.n_inputs, static_cast<std::int64_t>(n) * net.n_inputs);
        check(launch(infer, dim3(static_cast<unsigned>((n + block_rows - 1) / block_rows)),
                     dim3(block_threads), 0, nullptr, net, memory, data, n, results.data()),
              "launch");
        results.read(to + first * n_outputs, static_cast<std::int64_t>(n) * n_outputs);
    }
}
