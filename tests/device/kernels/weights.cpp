// What moves weights: rules, their average, clipping, and the ascent of SAM and ASAM.

#include "layer_kinds.hpp"
#include "on_device.hpp"

namespace deepgen::cuda {

static bool of_matrix(const Task &task) {
    return task.kind != DEEPGEN_VECTORS;
}

// Numbers of all weights in an array, with zeros in the padding: chunks are whole registers.
template <class Draw>
static void fill_weights(World &world, Image<float> &array, Draw draw) {
    for (const Layer &layer : world.layout.layers) {
        world.each_coef(layer, [&](int, int, Index i) { array.set(i, draw()); });
        for (const int place : {layer.intercepts, layer.scale, layer.shift, layer.slope})
            for (int j = 0; j < layer.width; ++j)
                array.set(place + j, draw());
    }
    array.pad(0, world.of_abi.n_weights);
}
static void fill_weights(World &world, Image<float> &array) {
    fill_weights(world, array, [&] { return world.numbers(); });
}

// W^T as the CPU's weights have it; the rows of W that are padding belong to it.
template <class Set>
static void each_transposed(World &world, Set set) {
    for (const Layer &layer : world.layout.layers)
        for (int k = 0; layer.transposes && k < layer.padded_inputs; ++k)
            for (int j = 0; j < layer.width; ++j)
                set(World::transposed_coef(layer, k, j), World::coef(layer, k, j));
}
static void transpose_on_path(World &world) {
    each_transposed(world, [&](Index to, Index from) {
        world.transposed.path[as_size(to)] = world.weights.path[as_size(from)];
    });
}

static void expect_all(Image<double> &array) {
    for (Index i = 0; i < std::ssize(array.device); ++i)
        array.expect(i);
}

static void fill_for_update(World &world) {
    fill_weights(world, world.weights);
    fill_weights(world, world.gradient);
    for (Image<float> &array : world.state)
        fill_weights(world, array, [&] { return std::abs(world.numbers()); });
    fill_weights(world, world.average);
    each_transposed(world, [&](Index to, Index) { world.transposed.expect(to); });
    expect_all(world.squares);
    for (int factor = 0; factor < 2; ++factor) {
        for (double &constant : world.constants[factor])
            constant = 0.01 + 0.98 * world.numbers.fraction();
        world.decays[factor] = 0.1 * world.numbers.fraction();
    }
    world.penalty = 0.03;
}

// The engine's rule on each stretch of weights of one rate.
static void update_on_path(World &world, double penalty) {
    for (std::size_t s = 0; s < world.layout.segments.size(); ++s) {
        const Segment &segment = world.layout.segments[s];
        const bool matrix = of_matrix(world.layout.tasks[as_size(segment.task)]);
        RuleTile<float> tile{};
        tile.n = segment.n;
        tile.weights = world.weights.path.data() + segment.offset;
        tile.gradient = world.gradient.path.data() + segment.offset;
        for (std::size_t i = 0; i < 3; ++i)
            tile.state[i] = world.state[i].path.data() + segment.offset;
        tile.penalty = matrix ? penalty : 0.0;
        tile.decay = matrix ? world.decays[segment.factor] : 0.0;
        path_kernels().rules[as_size(world.rule)].update(world.constants[segment.factor], tile);
        world.squares.path[2 * s] = tile.gradient_squares;
        world.squares.path[2 * s + 1] = matrix ? tile.weight_squares : 0.0;
    }
    transpose_on_path(world);
}

// The number is the rule's; variants: 0, 1 where an average begins, 2 where it goes on.
DEEPGEN_KERNEL_TEST(updates) {
    World world(given, SmallNet(given));
    world.rule = given.number;
    world.wrappers.averages = given.variant > 0;
    world.wrappers.decay = 0.97;
    world.totals.begun = given.variant == 2;
    fill_for_update(world);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    update_on_path(world, world.penalty);
    if (world.wrappers.averages)
        path_kernels().vectors.lerp(world.of_abi.n_weights,
                                    given.variant == 2 ? 1.0 - world.wrappers.decay : 1.0,
                                    world.weights.path.data(), world.average.path.data());

    device.by_tasks([step = device.step()](Crew &crew, const Batch &batch, const Share &share) {
        segment_squares(crew, batch, share.segments);
        update(crew, batch, step, share.segments);
    });
    return device.difference();
}

// A gradient that holds its L2 and is too long: variant 1, or is not.
DEEPGEN_KERNEL_TEST(clipped_updates) {
    World world(given, SmallNet(given));
    world.rule = given.number;
    world.wrappers.clips = true;
    world.wrappers.limit = 2.5;
    fill_for_update(world);
    for (std::size_t i = 0; i < world.chunk_squares.device.size(); ++i)
        world.chunk_squares.set(static_cast<Index>(i),
                                (given.variant == 1 ? 7.0 : 1e-9) * world.numbers.fraction());
    for (int block = 0; block * row_block < given.rows; ++block)
        world.block_losses.set(block, 1.0);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    double squares = 0.0;
    for (std::size_t t = 0; t < world.layout.tasks.size(); ++t)
        squares += world.chunk_squares.path[2 * t];
    const double factor = std::min(1.0, world.wrappers.limit / (std::sqrt(squares) + 1e-6));
    world.path_totals.factor = static_cast<float>(factor);
    world.path_totals.gradient_squares = squares;
    if (world.path_totals.factor < 1.0F)
        path_kernels().vectors.scale(world.of_abi.n_weights, factor, world.gradient.path.data());
    update_on_path(world, 0.0);

    device.alone([](Crew &crew, const Batch &batch, const Share &) {
        if (crew.rank() == 0)
            clip_stage(batch);
    });
    device.by_tasks([step = device.step()](Crew &crew, const Batch &batch, const Share &share) {
        descend_stage(crew, batch, step, share);
    });
    return device.difference();
}

// Number 1: ASAM's direction. Up to the worst point, and back.
DEEPGEN_KERNEL_TEST(ascents) {
    World world(given, SmallNet(given));
    world.wrappers.ascends = true;
    world.wrappers.adaptive = given.number == 1;
    world.wrappers.rho = 0.5;
    world.wrappers.eta = 0.01;
    world.penalty = 0.03;
    fill_weights(world, world.weights);
    fill_weights(world, world.gradient);
    for (Index i = 0; i < world.of_abi.n_weights; ++i) {
        world.direction.expect(i);
        world.saved.expect(i);
    }
    each_transposed(world, [&](Index to, Index) { world.transposed.expect(to); });
    for (Index t = 0; t < std::ssize(world.layout.tasks); ++t) {
        world.chunk_squares.expect(2 * t);
        if (world.wrappers.adaptive)
            world.chunk_squares.expect(2 * t + 1);
    }
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    const auto &kernels = path_kernels().vectors;
    float *const weights = world.weights.path.data(), *const own = world.direction.path.data();
    double squares = 0.0, scaled_squares = 0.0;
    for (std::size_t t = 0; t < world.layout.tasks.size(); ++t) {
        const Task &task = world.layout.tasks[t];
        double *const of_chunk = world.chunk_squares.path.data() + 2 * t;
        const Index at = task.offset;
        squares += of_chunk[0] =
            kernels.total_gradient(task.n, world.gradient.path.data() + at, weights + at,
                                   of_matrix(task) ? world.penalty : 0.0, own + at);
        if (!world.wrappers.adaptive)
            continue;
        scaled_squares += of_chunk[1] =
            of_matrix(task)
                ? kernels.scale_by_size(task.n, weights + at, world.wrappers.eta, own + at)
                : kernels.dot(task.n, own + at, own + at);
    }
    const double length =
        world.wrappers.adaptive ? std::sqrt(scaled_squares) + 1e-16 : std::sqrt(squares) + 1e-12;
    world.path_totals.gradient_squares = squares;
    world.path_totals.factor = static_cast<float>(world.wrappers.rho / length);
    const double factor = world.wrappers.rho / length;
    kernels.perturb(world.of_abi.n_weights, factor, own, weights, world.saved.path.data());
    transpose_on_path(world);
    if (given.variant == 1) { // and back
        std::copy(world.saved.path.begin(), world.saved.path.end(), weights);
        transpose_on_path(world);
    }

    device.by_tasks([](Crew &crew, const Batch &batch, const Share &share) {
        store_direction(crew, batch, share.tasks);
    });
    device.alone([](Crew &crew, const Batch &batch, const Share &) {
        if (crew.rank() == 0)
            find_ascent(batch);
    });
    device.by_tasks([](Crew &crew, const Batch &batch, const Share &share) {
        ascend(crew, batch, share.segments);
    });
    if (given.variant == 1)
        device.by_tasks([](Crew &crew, const Batch &batch, const Share &share) {
            go_back(crew, batch, share.segments);
        });
    return device.difference();
}

// Gradients with their L2, in place, and the squares of the whole from those of segments.
DEEPGEN_KERNEL_TEST(total_gradients) {
    World world(given, SmallNet(given));
    world.penalty = 0.03;
    fill_weights(world, world.weights);
    fill_weights(world, world.gradient);
    for (std::size_t i = 0; i < world.squares.device.size(); ++i)
        world.squares.set(static_cast<Index>(i), std::exp2(60.0 * world.numbers.fraction()));
    for (Index t = 0; t < std::ssize(world.layout.tasks); ++t)
        world.chunk_squares.expect(2 * t);
    if (given.rows > 0)
        world.losses.expect(0);
    OnDevice device(world);

    const emulator::FlushedDenormals flushed;
    double total = 0.0;
    std::size_t s = 0;
    for (std::size_t t = 0; t < world.layout.tasks.size(); ++t) {
        const Task &task = world.layout.tasks[t];
        float *const gradient = world.gradient.path.data() + task.offset;
        world.chunk_squares.path[2 * t] = path_kernels().vectors.total_gradient(
            task.n, gradient, world.weights.path.data() + task.offset,
            of_matrix(task) ? world.penalty : 0.0, gradient);
        double chunk = 0.0;
        for (; s < as_size(task.segments.end); ++s)
            chunk += world.squares.path[2 * s + 1];
        total += chunk;
    }
    if (given.rows > 0)
        world.losses.path[0] = total;

    device.by_tasks([](Crew &crew, const Batch &batch, const Share &share) {
        store_total_gradient(crew, batch, share.tasks,
                             [&](int i, float g) { batch.memory.gradient[i] = g; });
    });
    if (given.rows > 0)
        device.alone([](Crew &crew, const Batch &batch, const Share &) {
            if (crew.rank() == 0)
                batch.memory.losses[0] = total_squares(batch, 1);
        });
    return device.difference();
}

} // namespace deepgen::cuda
