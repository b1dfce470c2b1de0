// All that a kernel may see: a small net with its memory, on the device and for the CPU.

#pragma once

#include "cuda/step.cuh"
#include "engine/kernels/kernel_table.hpp"
#include "image.hpp"
#include "numbers.hpp"
#include "small_net.hpp"

namespace deepgen::avx512 {
const Kernels<float> &kernels_float();
}

namespace deepgen::cuda {

inline const Kernels<float> &path_kernels() {
    return avx512::kernels_float();
}

using Matrix = deepgen::Rows<float>; // of the CPU

class World {
  public:
    World(const Case &given_, const SmallNet &net)
        : given(given_), of_abi(net.of_abi()), layout(of_abi), numbers(given.kind) {
        sizes = layout.place_batch(given.rows, lanes);
        batch.resize(sizes.batch);
        for (Image<double> *const sum : {&losses, &block_losses})
            sum->resize(given.rows);
        sums.resize(sizes.sums);
        squares.resize(2 * std::ssize(layout.segments));
        chunk_squares.resize(2 * std::ssize(layout.tasks));
        for (Image<float> *const array : arrays_of_weights())
            array->resize(of_abi.n_weights);
        transposed.resize(layout.n_transposed);
        running.resize(layout.n_running);
    }

    Layer &below() { return layout.layers[0]; }
    Layer &own() { return layout.layers[1]; }
    std::vector<Image<float> *> arrays_of_weights() {
        return {&weights, &gradient, state, state + 1, state + 2, &direction, &saved, &average};
    }

    // Rows of the batch: with numbers, or to be computed.
    void fill(int place, const Layer &layer) {
        each(place, layer, [&](Index i) { batch.set(i, numbers()); });
    }
    void expect(int place, const Layer &layer) {
        each(place, layer, [&](Index i) { batch.expect(i); });
    }
    Matrix view(int place, const Layer &layer, int first = 0) {
        return {given.rows - first, layer.width,
                batch.path.data() + place + static_cast<Index>(first) * layer.stride, layer.stride};
    }

    // Numbers of the layer's weights, none in the padding.
    template <class Set>
    void each_coef(const Layer &layer, Set set) const {
        for (int k = 0; k < layer.n_inputs; ++k)
            for (int j = 0; j < layer.width; ++j)
                set(k, j, coef(layer, k, j));
    }
    static Index coef(const Layer &layer, int k, int j) {
        return layer.coefs + (layer.narrow
                                  ? in_panels(layer.width, layer.padded_inputs, j, k, 0)
                                  : in_panels(layer.padded_inputs, layer.padded_width, k, j, 0));
    }
    // W^T on the device.
    static Index transposed_coef(const Layer &layer, int k, int j) {
        return layer.transposed +
               in_panels(layer.padded_width, layer.padded_inputs, j, k, transposed_gap);
    }
    void fill_coefs(const Layer &layer) {
        each_coef(layer, [&](int, int, Index i) { weights.set(i, numbers()); });
    }
    void fill_vector(Image<float> &array, int place, const Layer &layer) {
        for (int j = 0; j < layer.width; ++j)
            array.set(place + j, numbers());
    }
    const float *vector(int place) const { return weights.path.data() + place; }

    const Case given;
    const DeepgenNet of_abi;
    Layout layout;
    Sizes sizes{};
    Numbers numbers;
    Image<float> batch{"batch"}, weights{"weights"}, transposed{"transposed"}, gradient{"gradient"},
        direction{"direction"}, saved{"saved"}, average{"average"}, running{"running"};
    Image<float> state[3] = {Image<float>{"state 0"}, Image<float>{"state 1"},
                             Image<float>{"state 2"}};
    Image<double> losses{"losses"}, block_losses{"block losses"}, sums{"sums"}, squares{"squares"},
        chunk_squares{"chunk squares"};
    // What a launch is told besides.
    Wrappers wrappers{};
    Totals totals{}, path_totals{};
    int rule = 0;
    bool training = true;
    double weight_sum = 1.0, penalty = 0.0, dropout = -1.0;
    RuleConstants constants[2]{};
    double decays[2]{};
    static constexpr std::int64_t first = 5;
    static constexpr std::uint64_t dropout_key = 77, branch_key = 88;

  private:
    template <class Work>
    void each(int place, const Layer &layer, Work work) const {
        for (int i = 0; i < given.rows; ++i)
            for (int j = 0; j < layer.width; ++j)
                work(place + static_cast<Index>(i) * layer.stride + j);
    }
    // (rows, columns) in panels, with `gap` numbers between rows.
    static Index in_panels(int rows, int columns, int i, int j, int gap) {
        const int begin = j / panel * panel, width = std::min(panel, columns - begin);
        return (begin + begin / panel * gap) * rows + i * (width + gap) + (j - begin);
    }
};

} // namespace deepgen::cuda
