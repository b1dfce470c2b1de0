// Products forward and back, with what is done to an entry while it is in a register.

#include "layer_kinds.hpp"
#include "on_device.hpp"

namespace deepgen::cuda {

// Of `several`, where products are shared out by tiles.
static constexpr int by_tiles = 2;

// The product of the CPU as Pass calls it.
static void multiply_on_path(World &world, const Matrix &to, bool relu) {
    const Layer &own = world.own();
    const Matrix below = world.view(world.below().output, world.below());
    const Product<float> product{.rows = below.rows,
                                 .columns = own.padded_width,
                                 .depth = own.n_inputs,
                                 .a = below.data,
                                 .a_stride = below.stride,
                                 .b = world.vector(own.coefs),
                                 .b_rows = own.padded_inputs,
                                 .c = to.data,
                                 .c_stride = to.stride,
                                 .bias = world.vector(own.intercepts)};
    const auto &kernels = path_kernels().products;
    if (own.narrow)
        kernels.narrow(product, own.width, relu);
    else
        kernels.dense[static_cast<int>(relu ? Epilogue::bias_relu : Epilogue::bias)](product);
}

// The number is the activation's; variants: 0, and 1 with a slope of each unit that is trained.
DEEPGEN_KERNEL_TEST(forward) {
    SmallNet net(given);
    set_activation(net.own(), given.number, given.variant == 1);
    World world(given, net);
    const Layer &own = world.own();
    world.fill(world.below().output, world.below());
    world.fill_coefs(own);
    world.fill_vector(world.weights, own.intercepts, own);
    if (own.has_slope)
        world.fill_vector(world.weights, own.slope, own);
    world.expect(own.output, own);
    world.expect(own.value, own);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix output = world.view(own.output, own), value = world.view(own.value, own);
    multiply_on_path(world, value, own.relu_in_product);
    const auto &kernels = path_kernels().activations[as_size(given.number)];
    if (own.has_slope)
        kernels.parametric_apply(value, world.vector(own.slope), output.data, output.stride);
    else if (!own.relu_in_product && !own.identity)
        kernels.apply(value, output.data, output.stride);

    if (given.several == by_tiles && !own.narrow)
        device.by_tiles(own.width, [](auto &crew, const Batch &batch, const Share &share) {
            forward_product(crew, batch, 1, share.rows, share.columns);
        });
    else
        device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
            forward_product(crew, batch, 1, share.rows, {0, batch.layer(1).width});
        });
    return device.difference();
}

// Numbers: 0, 1 with a mask, 2 where gradients stand already, 3 both.
DEEPGEN_KERNEL_TEST(backward) {
    const bool masks = given.number % 2 == 1, adds = given.number >= 2;
    SmallNet net(given);
    net.below().masked = masks;
    net.below().dropout = 0.3;
    World world(given, net);
    const Layer &own = world.own(), &below = world.below();
    world.below().is_added = adds;
    world.fill(own.gradients, own);
    if (masks)
        world.fill(below.output, below);
    if (adds)
        world.fill(below.gradients, below);
    else
        world.expect(below.gradients, below);
    // The CPU's W^T has no gaps: a layer of inputs and outputs that changed places.
    Layer turned = own;
    std::swap(turned.n_inputs, turned.width);
    std::swap(turned.padded_inputs, turned.padded_width);
    turned.coefs = 0;
    Buffer<float> packed(as_size(own.padded_inputs * own.padded_width));
    if (own.narrow)
        world.fill_coefs(own);
    else
        world.each_coef(own, [&](int k, int j, Index) {
            const float w = world.numbers();
            world.transposed.set(World::transposed_coef(own, k, j), w);
            packed[as_size(World::coef(turned, j, k))] = w;
        });
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix gradients = world.view(own.gradients, own),
                 to = world.view(below.gradients, below), mask = world.view(below.output, below);
    const Epilogue epilogue = masks  ? (adds ? Epilogue::accumulate_mask : Epilogue::mask)
                              : adds ? Epilogue::accumulate
                                     : Epilogue::store;
    path_kernels().products.dense[static_cast<int>(epilogue)](
        {.rows = gradients.rows,
         .columns = own.padded_inputs,
         .depth = own.width,
         .a = gradients.data,
         .a_stride = gradients.stride,
         .b = own.narrow ? world.vector(own.coefs) : packed.data(),
         .b_rows = own.narrow ? own.width : own.padded_width,
         .c = to.data,
         .c_stride = to.stride,
         .mask = mask.data,
         .mask_stride = mask.stride,
         .mask_scale = static_cast<float>(1.0 / (1.0 - 0.3))});

    if (given.several == by_tiles)
        device.by_tiles(own.n_inputs, [](auto &crew, const Batch &batch, const Share &share) {
            backward_product(crew, batch, 1, share.rows, share.columns);
        });
    else
        device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
            backward_product(crew, batch, 1, share.rows, {0, batch.layer(1).n_inputs});
        });
    return device.difference();
}

// The number is the activation's, variants as forward.
DEEPGEN_KERNEL_TEST(activation_slopes) {
    SmallNet net(given);
    set_activation(net.own(), given.number, given.variant == 1);
    net.own().masked = 0; // as where a skip follows
    World world(given, net);
    const Layer &own = world.own();
    world.fill(own.gradients, own);
    world.fill(own.value, own);
    if (own.has_slope) {
        world.fill_vector(world.weights, own.slope, own);
        world.expect(own.lifted, own);
    }
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const Matrix gradients = world.view(own.gradients, own), z = world.view(own.value, own);
    const auto &kernels = path_kernels().activations[as_size(given.number)];
    if (own.has_slope)
        kernels.parametric_backward(gradients, z.data, z.stride, world.vector(own.slope),
                                    world.view(own.lifted, own).data);
    else
        kernels.backward(gradients, z.data, z.stride);

    device.by_rows([](Crew &crew, const Batch &batch, const Share &share) {
        activation_backward(crew, batch, 1, share.rows);
    });
    return device.difference();
}

} // namespace deepgen::cuda
