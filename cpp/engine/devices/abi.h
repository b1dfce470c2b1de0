/* What a plugin for a device and the engine say to each other: plain structs and functions of C.
 *
 * The engine opens the plugin, asks deepgen_plugin(DEEPGEN_ABI) for its table and gets null where
 * the plugin speaks another version. All numbers are float32 in the geometry of AVX-512: widths are
 * padded to 16, matrices stand in panels of 64 columns (views.hpp, packed.hpp). Offsets count
 * numbers. Functions that can fail return 0 on success and fill the status otherwise; they never
 * throw. A run is used by one thread at a time.
 */

#ifndef DEEPGEN_ENGINE_DEVICES_ABI_H
#define DEEPGEN_ENGINE_DEVICES_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEEPGEN_ABI 1

/* Why something could not be done; the engine says how to get what is missing. */
enum DeepgenReason {
    DEEPGEN_DONE = 0,
    DEEPGEN_NO_DRIVER,
    DEEPGEN_OLD_DRIVER,
    DEEPGEN_NO_DEVICE,
    DEEPGEN_OLD_DEVICE,
    DEEPGEN_NO_MEMORY,
    DEEPGEN_FAILED /* the device reported an error */
};

typedef struct DeepgenStatus {
    int32_t reason;
    char detail[256]; /* what came: versions, sizes, the runtime's own words */
} DeepgenStatus;

typedef struct DeepgenDeviceInfo {
    char name[256];
    int32_t major, minor; /* compute capability */
    int32_t n_multiprocessors;
    int32_t driver, runtime;     /* 1000 major + 10 minor */
    int64_t memory, free_memory; /* bytes */
} DeepgenDeviceInfo;

enum DeepgenNormalization { DEEPGEN_NO_NORM = 0, DEEPGEN_BATCH_NORM, DEEPGEN_LAYER_NORM };
enum DeepgenSkip { DEEPGEN_NO_SKIP = 0, DEEPGEN_RESIDUAL, DEEPGEN_DEEPNORM };

/* A layer, as LayerPlan and PackedLayer have it. */
typedef struct DeepgenLayer {
    int64_t n_inputs, width; /* without padding */
    /* Offsets in the packed weights, and in the array of transposes. */
    int64_t coefs, intercepts, scale, shift, slope, transposed;
    int64_t n_vectors; /* numbers from intercepts on, a multiple of 16 */
    int32_t narrow, has_bias, has_slope, transposes;
    int32_t activation; /* number in activations/list.hpp */
    int32_t from_output, relu_in_product, relu_in_normalization, masked, keeps_value, identity;
    int32_t normalization; /* DeepgenNormalization */
    double momentum, epsilon;
    int32_t skip;      /* DeepgenSkip */
    int32_t skip_from; /* the layer whose output is carried here; -1: none */
    int32_t is_added;  /* a later layer, not the next product, adds this one's output */
    double skip_alpha;
    double dropout, branch_drop;
} DeepgenLayer;

enum DeepgenTaskKind { DEEPGEN_TILE = 0, DEEPGEN_NARROW, DEEPGEN_VECTORS };

/* Weights whose gradient is one chunk, in the order of the chunks: GradientTasks. */
typedef struct DeepgenTask {
    int32_t kind, layer;
    int64_t row, n_rows, column, columns; /* of W; of W^T where narrow */
    int64_t offset, n;                    /* packed */
} DeepgenTask;

/* Packed weights up to `end`, from where those before end, whose rate has this factor. They are in
 * order and none is empty; the last ends at n_weights. */
typedef struct DeepgenStretch {
    int64_t end;
    int32_t factor;
} DeepgenStretch;

/* What is wrapped around the rule, from the inside out. */
enum DeepgenWrapperKind { DEEPGEN_CLIP_NORM = 0, DEEPGEN_SAM, DEEPGEN_ASAM, DEEPGEN_EMA };
typedef struct DeepgenWrapper {
    int32_t kind;
    double settings[4]; /* in the order of the member's parameters; the rest is 0 */
} DeepgenWrapper;

typedef struct DeepgenNet {
    int64_t n_inputs, n_layers;
    const DeepgenLayer *layers;
    int64_t n_weights, n_transposed; /* packed */
    int64_t n_tasks, n_stretches;
    const DeepgenTask *tasks;
    const DeepgenStretch *stretches;
    int32_t loss; /* number in losses/list.hpp */
    int32_t takes_classes;
    int64_t n_targets; /* columns of y, 1 for classes */
    int64_t n_loss_constants;
    const double *loss_constants;
    int32_t rule; /* number in optimizers/rules/list.hpp */
    int32_t n_factors;
    int64_t n_state_arrays; /* of the rule, packed like the weights */
    int64_t n_wrappers;
    const DeepgenWrapper *wrappers;
} DeepgenNet;

/* X row by row without padding; y and weights as TargetsView has them. */
typedef struct DeepgenData {
    int64_t n_rows, n_columns;
    const float *X;
    const float *values;    /* (n_rows, n_targets), or null */
    const int32_t *classes; /* (n_rows,), or null */
    const float *weights;   /* (n_rows,), or null */
    int64_t largest_batch;
} DeepgenData;

/* Arrays of a run that are read and written. */
enum DeepgenArray {
    DEEPGEN_WEIGHTS = 0, /* packed; writing them makes the transposes */
    DEEPGEN_STATE, /* + the number of the rule's array, then of the wrappers' in their order */
    DEEPGEN_MEAN = 1000, /* + layer: running statistics, padded */
    DEEPGEN_VARIANCE = 2000
};

#define DEEPGEN_N_CONSTANTS 8
#define DEEPGEN_MAX_STATE_ARRAYS 3

/* One step. Rows are order[begin .. end). */
typedef struct DeepgenStep {
    int64_t begin, end;
    double weight_sum;
    double penalty; /* L2: alpha / weight_sum */
    double dropout; /* of layers that drop units, in place of their own; negative: their own */
    const double *constants; /* (n_factors, DEEPGEN_N_CONSTANTS) of the rule */
    const double *decays;    /* (n_factors,): rate times weight decay */
} DeepgenStep;

typedef struct DeepgenReport {
    int32_t finite; /* 0: the loss was not; that step was not made, nor those after it */
    double loss, gradient_squares, weight_squares; /* StepReport */
} DeepgenReport;

typedef struct DeepgenSlice {
    uint64_t dropout_key, branch_key; /* of the epoch */
    int64_t n_steps;
    const DeepgenStep *steps;
    DeepgenReport *reports; /* (n_steps,) out */
} DeepgenSlice;

typedef struct DeepgenRun DeepgenRun;

typedef struct DeepgenPlugin {
    int32_t abi;
    const char *built_for; /* "CUDA 13.0, sm_80 sm_90a ptx_90", or "emulated" */
    /* How many devices there are; -1 with the reason. */
    int32_t (*n_devices)(DeepgenStatus *);
    /* A device that is too old is described too; the status then says so. */
    int32_t (*describe)(int32_t device, DeepgenDeviceInfo *, DeepgenStatus *);

    DeepgenRun *(*create)(int32_t device, const DeepgenNet *, DeepgenStatus *);
    void (*destroy)(DeepgenRun *);
    /* Runs with the same X, y and weights share them on the device. */
    int32_t (*set_data)(DeepgenRun *, const DeepgenData *, DeepgenStatus *);
    int32_t (*set_order)(DeepgenRun *, int64_t n, const int64_t *order, DeepgenStatus *);
    int32_t (*write)(DeepgenRun *, int32_t array, int64_t n, const float *from, DeepgenStatus *);
    int32_t (*read)(DeepgenRun *, int32_t array, int64_t n, float *to, DeepgenStatus *);
    /* A slice of steps of each run, side by side. */
    int32_t (*run)(int64_t n_runs, DeepgenRun *const *, const DeepgenSlice *, DeepgenStatus *);
    /* Outputs (n_rows, n_outputs) of the last layer for rows of X (n_rows, n_columns) in inference
     * mode. */
    int32_t (*outputs)(DeepgenRun *, int64_t n_rows, const float *X, float *to, DeepgenStatus *);
} DeepgenPlugin;

/* The plugin's only symbol. */
const DeepgenPlugin *deepgen_plugin(int32_t abi);
typedef const DeepgenPlugin *(*DeepgenPluginEntry)(int32_t abi);

#ifdef __cplusplus
}
#endif

#endif
