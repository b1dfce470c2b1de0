// The loss of each row and row block, with the gradients of the outputs.

#include "engine/losses/loss.hpp"
#include "layer_kinds.hpp"
#include "on_device.hpp"

namespace deepgen {
std::span<const LossEntry *const> losses();
}

namespace deepgen::cuda {

// The number is the loss's; variants: 1 with weights, 2 with a quantile for each output.
DEEPGEN_KERNEL_TEST(loss_of_rows) {
    const LossEntry &loss = *losses()[as_size(given.number)];
    Component asked{std::string(loss.name), {}};
    if (given.variant == 2)
        for (int j = 1; j <= given.outputs; ++j)
            asked.settings["quantile"].push_back(j / (given.outputs + 1.0));
    const Settings settings(asked, loss.parameters);
    const Index n_targets = loss.n_targets(settings, given.outputs);
    const bool takes_classes = loss.targets == Targets::classes;

    World world(given, SmallNet(given));
    const Layer &own = world.own();
    world.weight_sum = 3.7;
    world.fill(own.output, own);
    world.expect(own.gradients, own);
    for (int row = 0; row < given.rows; ++row) {
        world.losses.expect(row);
        world.block_losses.expect(row / row_block);
    }
    // Rows as Pass has gathered them, and the data that the device gathers by itself.
    const auto n_samples = static_cast<std::size_t>(World::first + given.rows);
    std::vector<std::int64_t> order(n_samples);
    std::vector<float> values(n_samples * as_size(n_targets)), weights(n_samples), gathered_values,
        gathered_weights;
    std::vector<std::int32_t> classes(n_samples), gathered_classes;
    for (std::size_t i = 0; i < n_samples; ++i) {
        order[i] = static_cast<std::int64_t>(n_samples - 1 - i);
        classes[i] = static_cast<std::int32_t>(world.numbers.fraction() * given.outputs);
        const double weight = world.numbers.fraction();
        weights[i] = weight < 0.1 ? 0.0F : static_cast<float>(weight);
    }
    for (float &value : values)
        value = static_cast<float>(2.0 * world.numbers.fraction());
    for (std::size_t i = as_size(World::first); i < n_samples; ++i) {
        const auto sample = static_cast<std::size_t>(order[i]);
        const float *const targets = values.data() + sample * as_size(n_targets);
        gathered_values.insert(gathered_values.end(), targets, targets + n_targets);
        gathered_classes.push_back(classes[sample]);
        gathered_weights.push_back(given.variant == 1 ? weights[sample] : 1.0F);
    }

    OnDevice device(world);
    const std::vector<double> constants = loss.constants(settings);
    const DeviceArray<double> constants_there{std::span<const double>(constants)};
    const DeviceArray<std::int64_t> order_there{std::span<const std::int64_t>(order)};
    const DeviceArray<float> values_there{std::span<const float>(values)},
        weights_there{std::span<const float>(weights)};
    const DeviceArray<std::int32_t> classes_there{std::span<const std::int32_t>(classes)};
    Told &told = device.told();
    told.order = order_there.data();
    told.data = {.n_columns = 1,
                 .X = nullptr,
                 .values = takes_classes ? nullptr : values_there.data(),
                 .classes = takes_classes ? classes_there.data() : nullptr,
                 .weights = given.variant == 1 ? weights_there.data() : nullptr};
    told.net.loss = given.number;
    told.net.loss_constants = constants_there.data();
    told.net.n_loss_constants = as_int(std::ssize(constants));
    told.net.takes_classes = takes_classes;
    told.net.n_targets = as_int(n_targets);

    const emulator::FlushedDenormals flushed;
    const auto path_loss = loss.make<float>(settings, path_kernels());
    const auto loss_on_path = [&](int row, int n) { // as Pass::loss_rows
        const Matrix outputs = world.view(own.output, own, row);
        return path_loss->value_and_gradient(
            {.rows = n,
             .n_outputs = own.width,
             .outputs = outputs.data,
             .outputs_stride = outputs.stride,
             .values = takes_classes ? nullptr : gathered_values.data() + row * n_targets,
             .values_stride = n_targets,
             .classes = takes_classes ? gathered_classes.data() + row : nullptr,
             .weights = gathered_weights.data() + row,
             .scale = 1.0 / world.weight_sum,
             .gradient = world.view(own.gradients, own, row).data,
             .gradient_stride = own.stride});
    };
    for (int row = 0; row < given.rows; ++row)
        world.losses.path[as_size(row)] = loss_on_path(row, 1);
    for (int row = 0; row < given.rows; row += row_block)
        world.block_losses.path[as_size(row / row_block)] =
            loss_on_path(row, std::min(row_block, given.rows - row));

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        loss_and_output_gradients(crew, batch, share.rows);
    });
    return device.difference();
}

} // namespace deepgen::cuda
