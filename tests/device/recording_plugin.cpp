// A plugin that computes nothing: it writes down each call, a line of JSON in the file that
// RECORD names, and gives back the numbers that were written last. Its steps report 1, 2, ... for
// their losses; the loss of step DIVERGES_AT of a slice is not finite, and where FAILS is set every
// step fails. A launch takes LASTS milliseconds.

#include "engine/devices/abi.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

struct DeepgenRun {
    DeepgenNet net;
    std::map<std::int32_t, std::vector<float>> arrays;
    std::int64_t n_outputs;
};

namespace {

// An object of JSON.
class Record {
  public:
    explicit Record(const char *call) { put("call") << '"' << call << '"'; }
    ~Record() {
        // Runs of several threads write at the same time.
        static std::mutex guard;
        const std::lock_guard lock(guard);
        std::ofstream(std::getenv("RECORD"), std::ios::app) << '{' << text_.str() << "}\n";
    }

    template <class T>
    Record &number(const char *name, T value) {
        put(name) << value;
        return *this;
    }
    template <class T>
    Record &list(const char *name, const T *values, std::int64_t n) {
        return rows(name, n, [&](std::int64_t i, std::ostream &to) { to << values[i]; });
    }
    template <class Write>
    Record &rows(const char *name, std::int64_t n, Write write) {
        put(name) << '[';
        for (std::int64_t i = 0; i < n; ++i) {
            text_ << (i ? "," : "");
            write(i, text_);
        }
        text_ << ']';
        return *this;
    }

  private:
    std::ostream &put(const char *name) {
        text_.precision(17);
        return text_ << (text_.tellp() > 0 ? "," : "") << '"' << name << "\":";
    }

    std::ostringstream text_;
};

// Some fields of a struct, as an object.
#define FIELD(name) << ",\"" #name "\":" << it.name

void write_layer(const DeepgenLayer &it, std::ostream &to) {
    to << "{\"n_inputs\":"
       << it.n_inputs FIELD(width) FIELD(coefs) FIELD(intercepts) FIELD(slope) FIELD(transposed)
              FIELD(n_vectors) FIELD(narrow) FIELD(has_bias) FIELD(has_slope) FIELD(transposes)
                  FIELD(activation) FIELD(from_output) FIELD(relu_in_product) FIELD(masked)
                      FIELD(keeps_value) FIELD(identity) FIELD(normalization) FIELD(skip)
                          FIELD(skip_from) FIELD(is_added) FIELD(dropout) FIELD(branch_drop)
       << '}';
}

void write_step(const DeepgenStep &it, std::int32_t n_factors, std::ostream &to) {
    to << "{\"begin\":" << it.begin FIELD(end) FIELD(weight_sum) FIELD(penalty) FIELD(dropout);
    to << ",\"constants\":[";
    for (int i = 0; i < n_factors * DEEPGEN_N_CONSTANTS; ++i)
        to << (i ? "," : "") << it.constants[i];
    to << "],\"decays\":[";
    for (int i = 0; i < n_factors; ++i)
        to << (i ? "," : "") << it.decays[i];
    to << "]}";
}

std::int32_t n_devices(DeepgenStatus *) {
    return 1;
}

std::int32_t describe(std::int32_t, DeepgenDeviceInfo *info, DeepgenStatus *) {
    std::strcpy(info->name, "Recorder");
    return 0;
}

DeepgenRun *create(std::int32_t device, const DeepgenNet *net, DeepgenStatus *) {
    Record("create")
        .number("device", device)
        .number("n_inputs", net->n_inputs)
        .rows("layers", net->n_layers,
              [&](std::int64_t i, std::ostream &to) { write_layer(net->layers[i], to); })
        .number("n_weights", net->n_weights)
        .rows("tasks", net->n_tasks,
              [&](std::int64_t i, std::ostream &to) {
                  const DeepgenTask &it = net->tasks[i];
                  to << "[" << it.kind << ',' << it.layer << ',' << it.row << ',' << it.n_rows
                     << ',' << it.column << ',' << it.columns << ',' << it.offset << ',' << it.n
                     << ']';
              })
        .rows("stretches", net->n_stretches,
              [&](std::int64_t i, std::ostream &to) {
                  to << '[' << net->stretches[i].end << ',' << net->stretches[i].factor << ']';
              })
        .number("loss", net->loss)
        .number("takes_classes", net->takes_classes)
        .number("n_targets", net->n_targets)
        .list("loss_constants", net->loss_constants, net->n_loss_constants)
        .number("rule", net->rule)
        .number("n_factors", net->n_factors)
        .number("n_state_arrays", net->n_state_arrays)
        .number("n_wrappers", net->n_wrappers);
    return new DeepgenRun{*net, {}, net->layers[net->n_layers - 1].width};
}

void destroy(DeepgenRun *run) {
    Record("destroy");
    delete run;
}

std::int32_t set_data(DeepgenRun *run, const DeepgenData *data, DeepgenStatus *) {
    Record("set_data")
        .number("n_rows", data->n_rows)
        .list("X", data->X, data->n_rows * data->n_columns)
        .list("values", data->values, data->values ? data->n_rows * run->net.n_targets : 0)
        .list("classes", data->classes, data->classes ? data->n_rows : 0)
        .list("weights", data->weights, data->weights ? data->n_rows : 0)
        .number("largest_batch", data->largest_batch);
    return 0;
}

std::int32_t set_order(DeepgenRun *, std::int64_t n, const std::int64_t *order, DeepgenStatus *) {
    Record("set_order").list("order", order, n);
    return 0;
}

std::int32_t write(DeepgenRun *run, std::int32_t array, std::int64_t n, const float *from,
                   DeepgenStatus *) {
    run->arrays[array].assign(from, from + n);
    Record("write").number("array", array).list("numbers", from, n);
    return 0;
}

std::int32_t read(DeepgenRun *run, std::int32_t array, std::int64_t n, float *to, DeepgenStatus *) {
    std::memcpy(to, run->arrays.at(array).data(), static_cast<std::size_t>(n) * sizeof(float));
    return 0;
}

std::int32_t run_slices(std::int64_t n_runs, DeepgenRun *const *runs, const DeepgenSlice *slices,
                        DeepgenStatus *status) {
    const DeepgenSlice &slice = slices[0];
    Record("run")
        .number("n_runs", n_runs)
        .number("dropout_key", slice.dropout_key)
        .number("branch_key", slice.branch_key)
        .rows("steps", slice.n_steps, [&](std::int64_t i, std::ostream &to) {
            write_step(slice.steps[i], runs[0]->net.n_factors, to);
        });
    if (std::getenv("FAILS")) {
        status->reason = DEEPGEN_FAILED;
        std::strcpy(status->detail, "the recorder was told to");
        return -1;
    }
    if (const char *const lasts = std::getenv("LASTS"))
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(lasts)));
    const char *const diverges_at = std::getenv("DIVERGES_AT");
    for (std::int64_t run = 0; run < n_runs; ++run)
        for (std::int64_t i = 0; i < slices[run].n_steps; ++i) {
            const bool finite = !diverges_at || i < std::atoi(diverges_at);
            slices[run].reports[i] = {finite,
                                      finite ? static_cast<double>(i + 1)
                                             : std::numeric_limits<double>::infinity(),
                                      4.0, 2.0};
        }
    return 0;
}

// Of each row the first feature, plus the number of the output.
std::int32_t outputs(DeepgenRun *run, std::int64_t n_rows, const float *X, float *to,
                     DeepgenStatus *) {
    const std::int64_t n_outputs = run->n_outputs;
    Record("outputs").number("n_rows", n_rows).list("X", X, n_rows * run->net.n_inputs);
    for (std::int64_t i = 0; i < n_rows; ++i)
        for (std::int64_t j = 0; j < n_outputs; ++j)
            to[i * n_outputs + j] = X[i * run->net.n_inputs] + static_cast<float>(j);
    return 0;
}

const DeepgenPlugin table{
    .abi = DEEPGEN_ABI,
    .built_for = "a recorder",
    .n_devices = n_devices,
    .describe = describe,
    .create = create,
    .destroy = destroy,
    .set_data = set_data,
    .set_order = set_order,
    .write = write,
    .read = read,
    .run = run_slices,
    .outputs = outputs,
};

} // namespace

extern "C" const DeepgenPlugin *deepgen_plugin(std::int32_t) {
    return &table;
}
