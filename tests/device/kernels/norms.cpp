// Layer norm and batch norm, forward and back.

#include "layer_kinds.hpp"
#include "on_device.hpp"

#include <limits>

namespace deepgen::cuda {

// The number is that of the identity or of ReLU, which the norm takes.
static SmallNet net_with(const Case &given, DeepgenNormalization normalization) {
    SmallNet net(given);
    net.own().normalization = normalization;
    set_activation(net.own(), given.number, false);
    return net;
}
static float least(const Layer &layer) {
    return layer.relu_in_normalization ? 0.0F : -std::numeric_limits<float>::infinity();
}

static void fill_for_forward(World &world) {
    const Layer &own = world.own();
    world.fill(own.standardized, own);
    world.fill_vector(world.weights, own.scale, own);
    world.fill_vector(world.weights, own.shift, own);
    world.expect(own.output, own);
}

DEEPGEN_KERNEL_TEST(layer_norm_forward) {
    World world(given, net_with(given, DEEPGEN_LAYER_NORM));
    const Layer &own = world.own();
    fill_for_forward(world);
    for (int i = 0; i < given.rows; ++i)
        world.batch.expect(own.inverse_std + i);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix y = world.view(own.output, own);
    path_kernels().norms.standardize_rows(world.view(own.standardized, own), own.epsilon,
                                          world.vector(own.scale), world.vector(own.shift),
                                          least(own), world.batch.path.data() + own.inverse_std,
                                          y.data, y.stride);

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        forward_from_norm(crew, batch, 1, share.rows);
    });
    return device.difference();
}

DEEPGEN_KERNEL_TEST(layer_norm_backward) {
    World world(given, net_with(given, DEEPGEN_LAYER_NORM));
    const Layer &own = world.own();
    world.fill(own.gradients, own);
    world.fill(own.standardized, own);
    world.fill_vector(world.weights, own.scale, own);
    for (int i = 0; i < given.rows; ++i)
        world.batch.set(own.inverse_std + i, world.numbers());
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix x = world.view(own.standardized, own);
    path_kernels().norms.unstandardize_rows(world.view(own.gradients, own), x.data, x.stride,
                                            world.vector(own.scale),
                                            world.batch.path.data() + own.inverse_std);

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        backward_from_norm(crew, batch, 1, share.rows);
    });
    return device.difference();
}

// Calls work(first row, rows, place) for each row block of the CPU.
template <class Work>
static void for_each_row_block(const World &world, const Layer &layer, Work work) {
    for (int row = 0; row < world.given.rows; row += row_block)
        work(row, std::min(row_block, world.given.rows - row), row / row_block * layer.stride);
}
static BlockSums blocks_of(const World &world, const Layer &layer, int place) {
    return {world.given.rows, layer.width, world.sums.path.data() + place, layer.stride};
}
static void expect_sums(World &world) {
    const Layer &own = world.own();
    for_each_row_block(world, own, [&](int, int, int at) {
        for (int j = 0; j < own.width; ++j) {
            world.sums.expect(own.sums + at + j);
            world.sums.expect(own.squares + at + j);
        }
    });
}
static float *column_on_path(World &world, ColumnVector which) {
    return world.batch.path.data() + world.own().inverse_std + which * world.own().stride;
}

// As normalization::Batch::forward; variant 1: running statistics stand still.
DEEPGEN_KERNEL_TEST(batch_norm_forward) {
    World world(given, net_with(given, DEEPGEN_BATCH_NORM));
    const Layer &own = world.own();
    world.training = given.variant == 0;
    fill_for_forward(world);
    expect_sums(world);
    for (int j = 0; j < own.width; ++j) {
        world.batch.expect(own.inverse_std + column_mean * own.stride + j);
        world.batch.expect(own.inverse_std + column_root * own.stride + j);
        world.running.set(own.running + j, world.numbers());
        world.running.set(own.running + own.stride + j, std::abs(world.numbers()));
    }
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const auto &kernels = path_kernels().norms;
    const Matrix x = world.view(own.standardized, own), y = world.view(own.output, own);
    double *const sums = world.sums.path.data();
    for_each_row_block(world, own, [&](int row, int n, int at) {
        kernels.moments({n, x.width, x.data + row * x.stride, x.stride}, sums + own.sums + at,
                        sums + own.squares + at);
    });
    std::vector<double> means(as_size(own.stride)), variances(as_size(own.stride));
    kernels.join_moments(blocks_of(world, own, own.sums), sums + own.squares, means.data(),
                         variances.data());
    std::copy_n(means.begin(), own.width, column_on_path(world, column_mean));
    kernels.inverse_roots(own.width, variances.data(), own.epsilon,
                          column_on_path(world, column_root));
    const auto move = [&](float *running, const std::vector<double> &of_batch, double factor) {
        const double kept = 1.0 - own.momentum, taken = own.momentum * factor;
        for (Index j = 0; j < own.width; ++j)
            running[j] = static_cast<float>(kept * static_cast<double>(running[j]) +
                                            taken * of_batch[as_size(j)]);
    };
    const double n = given.rows;
    float *const running = world.running.path.data() + own.running;
    if (world.training) {
        move(running, means, 1.0);
        move(running + own.stride, variances, n / (n - 1.0));
    }
    kernels.standardize_columns(x, column_on_path(world, column_mean),
                                column_on_path(world, column_root), world.vector(own.scale),
                                world.vector(own.shift), least(own), y.data, y.stride);

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        block_moments(crew, batch, batch.layer(1), share.rows);
    });
    device.by_columns(own.width, [](Crew &crew, const Batch &batch, const Share &share) {
        join_moments(crew, batch, batch.layer(1), share.columns);
    });
    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        forward_from_norm(crew, batch, 1, share.rows);
    });
    return device.difference();
}

// As normalization::Batch::backward.
DEEPGEN_KERNEL_TEST(batch_norm_backward) {
    World world(given, net_with(given, DEEPGEN_BATCH_NORM));
    const Layer &own = world.own();
    world.fill(own.gradients, own);
    world.fill(own.standardized, own);
    world.fill_vector(world.weights, own.scale, own);
    world.fill_vector(world.batch, own.inverse_std + column_root * own.stride, own);
    for (const ColumnVector which : {column_factor, column_gradient, column_product})
        for (int j = 0; j < own.width; ++j)
            world.batch.expect(own.inverse_std + which * own.stride + j);
    expect_sums(world);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const auto &kernels = path_kernels().norms;
    const Matrix x = world.view(own.standardized, own), dy = world.view(own.gradients, own);
    double *const sums = world.sums.path.data();
    for_each_row_block(world, own, [&](int row, int n, int at) {
        kernels.gradient_sums({n, dy.width, dy.data + row * dy.stride, dy.stride},
                              x.data + row * x.stride, x.stride, sums + own.sums + at,
                              sums + own.squares + at);
    });
    std::vector<double> gradients(as_size(own.width)), products(as_size(own.width));
    kernels.column_totals(blocks_of(world, own, own.sums), gradients.data());
    kernels.column_totals(blocks_of(world, own, own.squares), products.data());
    const double share = 1.0 / static_cast<double>(given.rows);
    for (std::size_t j = 0; j < gradients.size(); ++j) {
        column_on_path(world, column_factor)[j] =
            world.vector(own.scale)[j] * column_on_path(world, column_root)[j];
        column_on_path(world, column_gradient)[j] = static_cast<float>(gradients[j] * share);
        column_on_path(world, column_product)[j] = static_cast<float>(products[j] * share);
    }
    kernels.unstandardize_columns(dy, x.data, x.stride, column_on_path(world, column_factor),
                                  column_on_path(world, column_gradient),
                                  column_on_path(world, column_product));

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        backward_to_norm(crew, batch, 1, share.rows);
    });
    device.by_columns(own.width, [](Crew &crew, const Batch &batch, const Share &share) {
        join_gradient_sums(crew, batch, batch.layer(1), share.columns);
    });
    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        backward_from_norm(crew, batch, 1, share.rows);
    });
    return device.difference();
}

} // namespace deepgen::cuda
