// Gradients of weights, chunk by chunk.

#include "layer_kinds.hpp"
#include "on_device.hpp"

namespace deepgen::cuda {

static void matrix_gradient_on_path(World &world, const Task &task) {
    const Layer &own = world.own(), &below = world.below();
    const Matrix inputs = world.view(below.output, below),
                 gradients = world.view(own.gradients, own);
    float *const to = world.gradient.path.data() + task.offset;
    const auto &kernels = path_kernels();
    if (task.kind == DEEPGEN_TILE)
        kernels.products.outer({.rows = std::min(task.n_rows, own.n_inputs - task.row),
                                .columns = task.columns,
                                .depth = gradients.rows,
                                .a = inputs.data + task.row,
                                .a_stride = inputs.stride,
                                .b = gradients.data + task.column,
                                .b_stride = gradients.stride,
                                .out = to});
    else if (task.n_rows == 1)
        kernels.matrix.weighted_sums(
            {gradients.rows, task.columns, inputs.data + task.column, inputs.stride},
            gradients.data, gradients.stride, to);
    else
        kernels.products.outer({.rows = task.n_rows,
                                .columns = task.columns,
                                .depth = gradients.rows,
                                .a = gradients.data,
                                .a_stride = gradients.stride,
                                .b = inputs.data + task.column,
                                .b_stride = inputs.stride,
                                .out = to});
}

DEEPGEN_KERNEL_TEST(matrix_gradients) {
    World world(given, SmallNet(given));
    const Layer &own = world.own();
    world.fill(world.below().output, world.below());
    world.fill(own.gradients, own);
    world.each_coef(own, [&](int, int, Index i) { world.gradient.expect(i); });
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    for (const Task &task : world.layout.tasks)
        if (task.layer == 1 && task.kind != DEEPGEN_VECTORS)
            matrix_gradient_on_path(world, task);

    device.by_tasks([](auto &crew, const Batch &batch, const Share &share) {
        for (int t = share.tasks.begin; t < share.tasks.end; ++t)
            if (batch.net.tasks[t].layer == 1 && batch.net.tasks[t].kind != DEEPGEN_VECTORS)
                gradients(crew, batch, {t, t + 1});
    });
    return device.difference();
}

// Of intercepts, of slopes that are trained, and of a norm's scale and shift.
DEEPGEN_KERNEL_TEST(vector_gradients) {
    SmallNet net(given);
    net.own().normalization = DEEPGEN_BATCH_NORM;
    net.own().has_slope = 1;
    World world(given, net);
    const Layer &own = world.own();
    world.fill(own.gradients, own);
    world.fill(own.lifted, own);
    for (const int place : {own.intercepts, own.slope, own.scale, own.shift})
        for (int j = 0; j < own.width; ++j)
            world.gradient.expect(place + j);
    for (int block = 0; block * row_block < given.rows; ++block)
        for (int j = 0; j < own.width; ++j)
            for (const int place : {own.sums, own.squares})
                world.sums.set(place + block * own.stride + j,
                               static_cast<double>(world.numbers()) * world.numbers.fraction());
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const auto column_sums_on_path = [&](int from, int to) {
        const Matrix x = world.view(from, own);
        path_kernels().matrix.column_sums({x.rows, x.width, x.data, x.stride},
                                          world.gradient.path.data() + to);
    };
    column_sums_on_path(own.gradients, own.intercepts);
    column_sums_on_path(own.lifted, own.slope);
    const auto totals_on_path = [&](int from, int to) { // as scale_gradient
        std::vector<double> totals(as_size(own.width));
        path_kernels().norms.column_totals(
            {given.rows, own.width, world.sums.path.data() + from, own.stride}, totals.data());
        for (std::size_t j = 0; j < totals.size(); ++j)
            world.gradient.path[as_size(to) + j] = static_cast<float>(totals[j]);
    };
    totals_on_path(own.squares, own.scale);
    totals_on_path(own.sums, own.shift);

    device.by_tasks([](auto &crew, const Batch &batch, const Share &share) {
        for (int t = share.tasks.begin; t < share.tasks.end; ++t)
            if (batch.net.tasks[t].layer == 1 && batch.net.tasks[t].kind == DEEPGEN_VECTORS)
                gradients(crew, batch, {t, t + 1});
    });
    return device.difference();
}

} // namespace deepgen::cuda
