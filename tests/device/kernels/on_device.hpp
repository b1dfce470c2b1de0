// A world on the emulated device: kernels run there, and what they leave is compared.

#pragma once

#include "world.hpp"

namespace deepgen::cuda {

// What a launch is told.
struct Told {
    Net net;
    Memory memory;
    Data data;
    const std::int64_t *order;
    int n_rows;
    bool training;
    double penalty, dropout;
    Step step;

    Batch batch() const {
        return {.net = net,
                .memory = memory,
                .data = data,
                .order = order,
                .first = World::first,
                .n_rows = n_rows,
                .training = training,
                .moves_running = training,
                .weight_sum = step.weight_sum,
                .penalty = penalty,
                .dropout = dropout,
                .dropout_key = World::dropout_key,
                .branch_key = World::branch_key};
    }
};

// `work` is a device function: this is a kernel for it, by a crew with slabs or without.
template <class Workers, class Work>
__global__ void shared_work(Told told, Sharing sharing, bool several, int columns, Work work) {
    Workers crew = [] {
        if constexpr (std::is_same_v<Workers, Crew>)
            return Crew();
        else
            return Workers(dynamic_shared<float>());
    }();
    const Batch batch = told.batch();
    const int block = static_cast<int>(blockIdx.x);
    Share share{.rows = {0, told.n_rows},
                .columns = {0, columns},
                .tasks = {0, told.net.n_tasks},
                .segments = {0, told.net.n_segments}};
    if (several && sharing == Sharing::by_rows)
        share.rows = {block * block_rows, min((block + 1) * block_rows, told.n_rows)};
    if (several && sharing == Sharing::by_tiles) {
        share = tile_of(columns, block, told.n_rows);
        if (share.rows.n() <= 0)
            return; // as the kernel of a stage
    }
    if (several && sharing == Sharing::by_columns)
        share.columns = {block * slab_columns, min((block + 1) * slab_columns, columns)};
    if (several && sharing == Sharing::by_tasks) {
        share.tasks = {block, block + 1};
        share.segments = told.net.tasks[block].segments;
    }
    work(crew, batch, share);
}

class OnDevice {
  public:
    explicit OnDevice(World &world)
        : world_(world), layers_(world.layout.layers), tasks_(world.layout.tasks),
          segments_(world.layout.segments), constants_(constants_of(world)), totals_(1) {
        totals_.write(&world.totals, 1);
        told_.net = {.n_inputs = 1,
                     .n_layers = 2,
                     .layers = layers_.data(),
                     .n_weights = as_int(world.of_abi.n_weights),
                     .n_transposed = world.layout.n_transposed,
                     .n_tasks = as_int(tasks_.size()),
                     .n_segments = as_int(segments_.size()),
                     .tasks = tasks_.data(),
                     .segments = segments_.data(),
                     .loss = 0,
                     .n_loss_constants = 0,
                     .loss_constants = nullptr,
                     .takes_classes = false,
                     .n_targets = 1,
                     .rule = world.rule,
                     .n_state_arrays = 3,
                     .n_factors = 2,
                     .wrappers = world.wrappers,
                     .input_stride = lanes};
        told_.memory = {
            .batch = floats(world.batch),
            .losses = doubles(world.losses),
            .block_losses = doubles(world.block_losses),
            .squares = doubles(world.squares),
            .chunk_squares = doubles(world.chunk_squares),
            .sums = doubles(world.sums),
            .weights = floats(world.weights),
            .transposed = floats(world.transposed),
            .gradient = floats(world.gradient),
            .state = {floats(world.state[0]), floats(world.state[1]), floats(world.state[2])},
            .direction = floats(world.direction),
            .saved = floats(world.saved),
            .average = floats(world.average),
            .running = floats(world.running),
            .totals = totals_.data()};
        told_.n_rows = world.given.rows;
        told_.training = world.training;
        told_.penalty = world.penalty;
        told_.dropout = world.dropout;
        told_.step = {.first = World::first,
                      .n_rows = world.given.rows,
                      .weight_sum = world.weight_sum,
                      .penalty = world.penalty,
                      .dropout = world.dropout,
                      .constants = constants_.data(),
                      .decays = constants_.data() + 2 * DEEPGEN_N_CONSTANTS};
    }

    // For what only some kernels are told.
    Told &told() { return told_; }

    // Each launch shares its work as a stage of a step does.
    template <class Work>
    void by_rows(Work work) {
        launch_work<Crew>(Sharing::by_rows, n_pieces(told_.n_rows, block_rows), 0, 0, work);
    }
    template <class Work>
    void by_tiles(int columns, Work work) {
        using Slabs = SlabCrew<tile_rows_of_block>;
        const int n = n_pieces(told_.n_rows, tile_rows_of_block) * n_pieces(columns, slab_columns);
        launch_work<Slabs>(Sharing::by_tiles, n, Slabs::n_shared, columns, work);
    }
    template <class Work>
    void by_columns(int columns, Work work) {
        launch_work<Crew>(Sharing::by_columns, n_pieces(columns, slab_columns), 0, columns, work);
    }
    template <class Work>
    void by_tasks(Work work) {
        using Slabs = SlabCrew<task_rows_of_block>;
        launch_work<Slabs>(Sharing::by_tasks, told_.net.n_tasks, Slabs::n_shared, 0, work);
    }
    template <class Work>
    void alone(Work work) {
        launch_work<Crew>(Sharing::alone, 1, 0, 0, work);
    }
    const Step &step() const { return told_.step; }

    // Empty where all is as the CPU left it.
    std::string difference() const {
        Findings findings;
        for (std::size_t i = 0; i < float_arrays_.size(); ++i)
            compare(*float_images_[i], float_arrays_[i], findings);
        for (std::size_t i = 0; i < double_arrays_.size(); ++i)
            compare(*double_images_[i], double_arrays_[i], findings);
        Totals totals{};
        totals_.read(&totals, 1);
        const Totals &expected = world_.path_totals;
        if (!equal(totals.factor, expected.factor) ||
            !equal(totals.gradient_squares, expected.gradient_squares))
            findings = {findings.n_differ + 1, 1, "totals differ"};
        if (findings.n_differ > 0)
            return std::to_string(findings.n_differ) + " differ, " + findings.first;
        if (findings.n_finite == 0 && world_.given.kind == Kind::ordinary && world_.given.rows > 0)
            return "the CPU computed nothing that is finite";
        return {};
    }

  private:
    // One block has no slabs, several have those of the stage.
    template <class Workers, class Work>
    void launch_work(Sharing sharing, int n_blocks, int n_shared, int columns, Work work) {
        if (world_.given.several != 0)
            launch_blocks(shared_work<Workers, Work>, std::max(n_blocks, 1), n_shared, sharing,
                          true, columns, work);
        else
            launch_blocks(shared_work<Crew, Work>, 1, 0, sharing, false, columns, work);
    }
    template <class Work>
    void launch_blocks(void (*kernel)(Told, Sharing, bool, int, Work), int n_blocks, int n_shared,
                       Sharing sharing, bool several, int columns, Work work) {
        check(launch(kernel, dim3(static_cast<unsigned>(n_blocks)), dim3(block_threads),
                     static_cast<std::size_t>(n_shared) * sizeof(float), nullptr, told_, sharing,
                     several, columns, work),
              "launch");
    }
    template <class T>
    static void compare(const Image<T> &image, const DeviceArray<T> &array, Findings &findings) {
        std::vector<T> after(image.device.size());
        array.read(after.data(), array.size());
        image.compare(after, findings);
    }
    static std::vector<double> constants_of(const World &world) {
        std::vector<double> all;
        for (const RuleConstants &constants : world.constants)
            all.insert(all.end(), constants.begin(), constants.end());
        all.insert(all.end(), world.decays, world.decays + 2);
        return all;
    }
    float *floats(const Image<float> &image) {
        float_images_.push_back(&image);
        return float_arrays_.emplace_back(std::span<const float>(image.device)).data();
    }
    double *doubles(const Image<double> &image) {
        double_images_.push_back(&image);
        return double_arrays_.emplace_back(std::span<const double>(image.device)).data();
    }

    const World &world_;
    DeviceArray<Layer> layers_;
    DeviceArray<Task> tasks_;
    DeviceArray<Segment> segments_;
    DeviceArray<double> constants_;
    DeviceArray<Totals> totals_;
    std::vector<const Image<float> *> float_images_;
    std::vector<DeviceArray<float>> float_arrays_;
    std::vector<const Image<double> *> double_images_;
    std::vector<DeviceArray<double>> double_arrays_;
    Told told_{};
};

} // namespace deepgen::cuda
