// A network as a device sees it: what layers do, where their numbers stand, and the memory of a
// batch. Plain numbers, made once by the host (layout.hpp); offsets count numbers.

#pragma once

#include "engine/core/anywhere.hpp"
#include "engine/devices/abi.h"

#include <cstdint>

namespace deepgen::cuda {

// The geometry of AVX-512, which all bits depend on.
inline constexpr int lanes = 16;     // of a register; rows and chunks are whole registers
inline constexpr int panel = 64;     // columns
inline constexpr int row_block = 16; // rows whose sums are made first

// W^T of the device has a number more in each row of a panel: threads that write down a column
// meet as many banks of shared memory as there are.
inline constexpr int transposed_gap = 1;

// What batch norm keeps of the columns of a batch (norms.cuh).
inline constexpr int n_column_vectors = 5;

struct Layer {
    int n_inputs, width;             // without padding
    int padded_inputs, padded_width; // as packed
    int coefs, intercepts, scale, shift, slope;
    int transposed;
    bool narrow, transposes, has_bias, has_slope;
    int activation;
    bool from_output, relu_in_product, relu_in_normalization, masked, keeps_value, identity;
    int normalization; // DeepgenNormalization
    double momentum, epsilon;
    int skip; // DeepgenSkip
    int skip_from;
    bool is_added;       // to a later layer's output: gradients stand here when the product comes
    bool carried_is_new; // no later layer has written gradients where this one's skip does
    float skip_alpha;
    double dropout, branch_drop;
    // In the memory of a batch: rows `stride` apart.
    int stride;
    int output, gradients;
    int value;        // what the activation's slope is computed from, where that is not the output
    int lifted;       // gradients of a trained slope, row by row
    int standardized; // of a norm: z, then (z - mean) / std
    int inverse_std;  // of each row (layer norm), or the five column vectors of batch norm
    // In the memory of sums: for each row block and column, where there is a norm.
    int sums, squares;
    // Running statistics stand behind the optimizer's state.
    int running; // mean, then variance, in the array of these
};

// Weights with one rate: a chunk of the gradient, or a part of one.
struct Segment {
    int task;
    int offset, n; // packed
    int factor;    // number of the rate's
    bool begins_chunk;
};

// Some things that follow one another, those that a block has.
struct Range {
    int begin, end;

    DEEPGEN_ANYWHERE int n() const { return end - begin; }
};

struct Task {
    int kind; // DeepgenTaskKind
    int layer;
    int row, n_rows, column, columns;
    int offset, n;
    Range segments;
};

// What is wrapped around the rule.
struct Wrappers {
    bool clips;
    double limit;
    bool ascends, adaptive; // SAM, or ASAM
    double rho, eta;
    bool averages;
    double decay;
};

// What a stage leaves for the next ones.
struct Totals {
    int step;    // of the slice
    int stopped; // a loss was not finite
    double loss; // of the first evaluation
    double gradient_squares;
    float factor; // of the ascent, or of a gradient that is too long
    bool begun;   // has the average of the weights?
};

struct Net {
    int n_inputs, n_layers;
    const Layer *layers;
    int n_weights, n_transposed;
    int n_tasks, n_segments;
    const Task *tasks;
    const Segment *segments;
    int loss, n_loss_constants;
    const double *loss_constants;
    bool takes_classes;
    int n_targets;
    int rule, n_state_arrays, n_factors;
    Wrappers wrappers;
    int input_stride; // of the gathered rows
};

// The numbers of a run, in shared or in global memory.
struct Memory {
    float *batch;   // inputs, then what each layer keeps
    double *losses; // of each row, weighted
    double *block_losses;
    double *squares;       // of each segment: gradient, then weights
    double *chunk_squares; // of each task: gradient, then the direction of an ascent
    double *sums;          // of norms
    float *weights, *transposed, *gradient;
    float *state[DEEPGEN_MAX_STATE_ARRAYS];
    float *direction, *saved; // of an ascent, and the weights left behind
    float *average;           // of the weights
    float *running;           // statistics of batch norm
    Totals *totals;
};

// How many numbers some of it has.
struct Sizes {
    int n_rows; // of the largest batch
    int batch, sums;
};

struct Data {
    int n_columns;
    const float *X;
    const float *values;
    const std::int32_t *classes;
    const float *weights;
};

struct Step {
    std::int64_t first; // position of the first row in the epoch's order
    int n_rows;
    double weight_sum, penalty;
    double dropout;                   // negative: the layers' own
    const double *constants, *decays; // of each factor
};

} // namespace deepgen::cuda
