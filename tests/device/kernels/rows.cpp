// What goes over rows beside products: gathering, dropout and skips.

#include "layer_kinds.hpp"
#include "on_device.hpp"

namespace deepgen::cuda {

// Rows of X in an order.
DEEPGEN_KERNEL_TEST(gathering) {
    const int n = given.inputs, n_samples = 2 * given.rows + 3;
    std::vector<float> X;
    std::vector<std::int64_t> order(static_cast<std::size_t>(World::first + given.rows), -1);
    World world(given, SmallNet(given));
    Layer inputs{};
    inputs.width = n;
    inputs.stride = padded(n);
    world.batch.resize(given.rows * inputs.stride);
    for (int i = 0; i < n_samples * n; ++i)
        X.push_back(world.numbers());
    world.expect(0, inputs);
    for (int i = 0; i < given.rows; ++i) {
        const int sample = static_cast<int>(world.numbers.fraction() * n_samples);
        order[static_cast<std::size_t>(World::first + i)] = sample;
        std::copy_n(X.data() + sample * n, n, world.view(0, inputs, i).data);
    }
    OnDevice device(world);
    const DeviceArray<float> X_there{std::span<const float>(X)};
    const DeviceArray<std::int64_t> order_there{std::span<const std::int64_t>(order)};
    Told &told = device.told();
    told.net.n_inputs = n;
    told.net.input_stride = inputs.stride;
    told.data = {n, X_there.data(), nullptr, nullptr, nullptr};
    told.order = order_there.data();
    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        gather(crew, batch, share.rows);
    });
    return device.difference();
}

static void drop_units_on_path(double probability, const Matrix &x) {
    const std::uint64_t key = random::child(World::dropout_key, 1);
    std::vector<DropoutKey> keys;
    for (Index i = 0; i < x.rows; ++i) {
        const std::uint64_t own = random::child(key, static_cast<std::uint64_t>(World::first + i));
        keys.push_back({static_cast<std::uint32_t>(own), static_cast<std::uint32_t>(own >> 32)});
    }
    path_kernels().matrix.dropout(x, keys.data(), static_cast<std::uint32_t>(probability * 0x1p32),
                                  static_cast<float>(1.0 / (1.0 - probability)));
}

// As Pass::drop_branches.
static void drop_branches_on_path(double probability, const Matrix &x) {
    const std::uint64_t key = random::child(World::branch_key, 1);
    const auto threshold = static_cast<std::uint64_t>(probability * 0x1p53);
    const auto scale = static_cast<float>(1.0 / (1.0 - probability));
    for (Index i = 0; i < x.rows; ++i) {
        const bool kept =
            random::value(key, static_cast<std::uint64_t>(World::first + i)) >> 11 >= threshold;
        for (Index j = 0; j < x.width; ++j)
            x.data[i * x.stride + j] = kept ? x.data[i * x.stride + j] * scale : 0.0F;
    }
}

// Numbers: 0 units, 1 units with the slice's probability, 2 branches, 3 both.
DEEPGEN_KERNEL_TEST(dropping) {
    const bool units = given.number != 2, branches = given.number >= 2;
    SmallNet net(given);
    net.own().dropout = units ? 0.3 : 0.0;
    net.own().branch_drop = branches ? 0.4 : 0.0;
    World world(given, net);
    if (given.number == 1)
        world.dropout = 0.6;
    const Layer &own = world.own();
    world.fill(own.output, own);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    if (branches)
        drop_branches_on_path(0.4, world.view(own.output, own));
    if (units)
        drop_units_on_path(given.number == 1 ? 0.6 : 0.3, world.view(own.output, own));

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        drop(crew, batch, 1, share.rows, batch.layer(1).output);
    });
    return device.difference();
}

static void set_skip(World &world, const Case &given) {
    world.own().skip = given.number == 0 ? DEEPGEN_RESIDUAL : DEEPGEN_DEEPNORM;
    world.own().skip_from = 0;
    world.own().skip_alpha = 1.7F;
    world.own().carried_is_new = given.variant == 1;
}

// Numbers: 0 residual, 1 DeepNorm, of layers as wide as what they take.
DEEPGEN_KERNEL_TEST(skips_forward) {
    World world(given, SmallNet(given));
    set_skip(world, given);
    const Layer &own = world.own();
    world.fill(own.output, own);
    world.fill(world.below().output, world.below());
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix to = world.view(own.output, own),
                 from = world.view(world.below().output, world.below());
    if (given.number == 0)
        path_kernels().matrix.add({from.rows, from.width, from.data, from.stride}, to.data,
                                  to.stride);
    else // as DeepNorm's forward
        for (Index i = 0; i < to.rows; ++i)
            for (Index j = 0; j < to.width; ++j)
                to.data[i * to.stride + j] += 1.7F * from.data[i * from.stride + j];

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        skip_forward(crew, batch, batch.layer(1), share.rows, batch.layer(1).output);
    });
    return device.difference();
}

// Variants: 0, and 1 where nobody has written gradients of what is carried.
DEEPGEN_KERNEL_TEST(skips_backward) {
    World world(given, SmallNet(given));
    set_skip(world, given);
    const Layer &own = world.own(), &below = world.below();
    const bool is_new = given.variant == 1;
    world.fill(own.gradients, own);
    if (is_new)
        world.expect(below.gradients, below);
    else
        world.fill(below.gradients, below);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix from = world.view(own.gradients, own), to = world.view(below.gradients, below);
    if (given.number == 0 && !is_new) // as carry
        path_kernels().matrix.add({from.rows, from.width, from.data, from.stride}, to.data,
                                  to.stride);
    else
        for (Index i = 0; i < to.rows; ++i)
            for (Index j = 0; j < to.width; ++j) {
                float &carried = to.data[i * to.stride + j];
                const float gradient = from.data[i * from.stride + j];
                const float part = given.number == 0 ? gradient : 1.7F * gradient;
                carried = is_new ? part : carried + part;
            }

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        skip_backward(crew, batch, batch.layer(1), share.rows);
    });
    return device.difference();
}

} // namespace deepgen::cuda
