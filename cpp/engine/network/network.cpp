// Measuring: outputs, moments, loss and gradient, in chunks of rows that threads share.

#include "engine/network/network.hpp"

#include "engine/activations/catalog.hpp"
#include "engine/network/pass.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

namespace deepgen {
namespace {

// As inference_rows, for a gradient's sums.
constexpr Index gradient_rows = 1024;

template <class T>
LayerPlan<T> plan_of(const LayerSpec &layer, Index n_inputs, const Kernels<T> &kernels) {
    const auto [activation, parametric] = activation_choice(layer.activation);
    const NormalizationEntry &norm =
        find_member("normalization", normalizations(), layer.normalization.name);
    const ReparametrizationEntry &stored =
        find_member("reparametrization", reparametrizations(), layer.reparametrization.name);
    const SkipEntry &skip = find_member("skip", skips(), layer.skip.name);
    const bool skips_over = layer.skip_from != no_skip;
    LayerPlan<T> plan{
        .n_inputs = n_inputs,
        .width = layer.width,
        .activation = activation,
        .parametric = parametric,
        .from_output = !parametric && kernels.activations[as_size(activation)].from_output,
        .normalization = norm.make<T>(Settings(layer.normalization, norm.parameters), kernels),
        .skip = skips_over ? skip.make<T>(Settings(layer.skip, skip.parameters), kernels) : nullptr,
        .skip_from = layer.skip_from,
        .skips_before_normalization = skips_over && skip.before_normalization,
        .gate = skips_over && skip.has_gate() ? activation_number(skip.gate) : -1,
        .dropout = layer.dropout,
        .branch_drop = layer.branch_drop,
        .relu_in_product = false,
        .relu_in_normalization = false,
        .masked = false,
        .keeps_value = false,
        .mask_scale = static_cast<T>(1.0 / (1.0 - layer.dropout)),
        .identity = layer.activation == "identity",
        .reparametrization = stored.make(Settings(layer.reparametrization, stored.parameters)),
        .centred = stored.centred,
    };
    // ReLU is taken by the last step before it that goes over the numbers anyway: the product,
    // unless a norm or a skip comes between, or the norm.
    const bool relu = layer.activation == "relu";
    plan.relu_in_product =
        relu && !plan.normalization && !plan.skips_before_normalization && plan.gate < 0;
    plan.relu_in_normalization = relu && plan.normalization;
    // What the way back needs. A ReLU's output tells where its slope is 1, also after dropout;
    // other slopes need the value that skips and dropout would overwrite.
    plan.masked = relu && !skips_over;
    plan.keeps_value =
        !plan.identity && (!plan.from_output || skips_over || (layer.dropout > 0.0 && !relu));
    return plan;
}

template <class T>
double positive_weight_sum(const TargetsView<T> &y, const Selection &rows) {
    double sum = 0.0;
    for (Index i = 0; i < rows.size; ++i)
        sum += y.weights ? static_cast<double>(y.weights[rows[i]]) : 1.0;
    require(sum > 0.0, "the sample weights sum to ", sum, ", a positive sum is wanted");
    return sum;
}

} // namespace

template <class T>
Network<T>::Network(NetworkSpec spec, const Kernels<T> &kernels)
    : spec_((spec.check(), std::move(spec))), kernels_(kernels), layout_(spec_),
      packed_(spec_, layout_, kernels_.panel, kernels_.products.transpose) {
    for (const FrontFeature &feature : layout_.front.features) {
        Buffer<T> &own = front_constants_.emplace_back();
        for (const double constant : feature.constants)
            own.push_back(static_cast<T>(constant));
    }
    Index n_inputs = layout_.front.width;
    for (const LayerSpec &layer : spec_.layers) {
        layers_.push_back(plan_of(layer, n_inputs, kernels_));
        uses_batch_statistics_ =
            uses_batch_statistics_ ||
            find_member("normalization", normalizations(), layer.normalization.name)
                .keeps_statistics;
        reparametrized_ = reparametrized_ || layers_.back().reparametrization;
        n_inputs = layer.width;
    }
    const LossEntry &entry = find_member("loss", losses(), spec_.loss.name);
    const Settings settings(spec_.loss, entry.parameters);
    loss_ = entry.make<T>(settings, kernels_);
    n_targets_ = entry.n_targets(settings, n_outputs());
    takes_classes_ = entry.targets == Targets::classes;
}

template <class T>
bool Network<T>::is_added(Index layer, Index from) const {
    return std::any_of(layers_.begin() + from, layers_.end(),
                       [layer](const LayerPlan<T> &plan) { return plan.skip_from == layer; });
}

template <class T>
void Network<T>::effective(const T *parameters, T *out) const {
    PackedParameters<T> packed(*this, PackedParameters<T>::Use::forward);
    packed.load(*this, parameters);
    std::copy_n(parameters, layout_.n_parameters, out);
    packed_.unpack(packed.weights.data(), out);
}

template <class T>
template <class Take>
void Network<T>::each_chunk(PackedParameters<T> &parameters, const Inputs<T> &X,
                            const Selection &rows, Index layer, Part part, Index n_threads,
                            const Take &take) const {
    if (rows.size == 0)
        return;
    const Index n_chunks = (rows.size + inference_rows - 1) / inference_rows;
    n_threads = std::min(n_threads, n_chunks);
    // Memory for every thread is made here: nothing may throw among the team.
    const Index most_rows = std::min(inference_rows, rows.size);
    std::vector<Pass<T>> passes;
    passes.reserve(as_size(n_threads));
    for (Index rank = 0; rank < n_threads; ++rank)
        passes.emplace_back(*this, most_rows, 1, !X.sparse(), Pass<T>::Purpose::inference);
    parallel(n_threads, [&](const Team &team) {
        Pass<T> &pass = passes[as_size(team.rank)];
        std::array<std::int64_t, inference_rows> samples;
        const IndexRange chunks = team.share(n_chunks);
        for (Index first = chunks.begin * inference_rows;
             first < std::min(chunks.end * inference_rows, rows.size); first += inference_rows) {
            const Index n = std::min(inference_rows, rows.size - first);
            for (Index i = 0; i < n; ++i)
                samples[as_size(i)] = rows[first + i];
            pass.forward(single_thread,
                         {.rows = {n, samples.data()}, .weight_sum = 0.0, .training = false}, X,
                         parameters, layer, part);
            take(first, pass.result(layer, part, n));
        }
    });
}

template <class T>
void Network<T>::activations(const T *parameters, const Inputs<T> &X, const Selection &rows,
                             Index layer, Part part, T *out, Index n_threads) const {
    PackedParameters<T> packed(*this, PackedParameters<T>::Use::forward);
    packed.load(*this, parameters);
    activations(packed, X, rows, layer, part, out, n_threads);
}

template <class T>
void Network<T>::activations(PackedParameters<T> &parameters, const Inputs<T> &X,
                             const Selection &rows, Index layer, Part part, T *out,
                             Index n_threads) const {
    const Index width = layers_[as_size(layer)].width;
    each_chunk(parameters, X, rows, layer, part, n_threads, [=](Index first, Rows<const T> values) {
        for (Index i = 0; i < values.rows; ++i)
            std::copy_n(values.data + i * values.stride, width, out + (first + i) * width);
    });
}

template <class T>
Index Network<T>::in_units(Rows<const T> outputs, const double *mean, const double *scale,
                           double *to) const {
    const bool shared = n_targets_ == 1; // several outputs may be of one target
    loss_->means(outputs, to);
    Index n_wrong = 0;
    for (Index i = 0; i < outputs.rows; ++i, to += outputs.width) {
        bool finite = true;
        for (Index j = 0; j < outputs.width; ++j) {
            to[j] = to[j] * scale[shared ? 0 : j] + mean[shared ? 0 : j];
            finite = finite && std::isfinite(to[j]);
        }
        n_wrong += finite ? 0 : 1;
    }
    return n_wrong;
}

template <class T>
Index Network<T>::predict(const T *parameters, const Inputs<T> &X, const Selection &rows,
                          const double *mean, const double *scale, double *out,
                          Index n_threads) const {
    PackedParameters<T> packed(*this, PackedParameters<T>::Use::forward);
    packed.load(*this, parameters);
    const auto last = static_cast<Index>(layers_.size()) - 1;
    std::atomic<Index> n_wrong = 0;
    const auto take = [&](Index first, Rows<const T> outputs) {
        n_wrong.fetch_add(in_units({outputs.rows, n_outputs(), outputs.data, outputs.stride}, mean,
                                   scale, out + first * n_outputs()),
                          std::memory_order_relaxed);
    };
    each_chunk(packed, X, rows, last, Part::output, n_threads, take);
    return n_wrong;
}

template <class T>
Index Network<T>::predict(const T *outputs, Index n_rows, const double *mean, const double *scale,
                          double *out) const {
    return in_units({n_rows, n_outputs(), outputs, n_outputs()}, mean, scale, out);
}

// Blocks of rows are joined in order by Chan, Golub & LeVeque (1979).
template <class T>
void Network<T>::moments(const T *parameters, const Inputs<T> &X, const Selection &rows,
                         Index layer, double *mean, double *variance, Index n_threads) const {
    const Index width = layers_[as_size(layer)].width;
    const Index chunk = std::min(rows.size, inference_rows * n_threads);
    PackedParameters<T> packed(*this, PackedParameters<T>::Use::forward);
    packed.load(*this, parameters);
    std::vector<T> z(as_size(chunk * width + lane_pad<T>)); // kernels read whole cache lines
    std::vector<std::int64_t> samples(as_size(chunk));
    std::vector<double> sums(as_size(padded<T>(width))), squares(sums.size());
    std::fill_n(mean, width, 0.0);
    std::fill_n(variance, width, 0.0);
    for (Index first = 0; first < rows.size; first += chunk) {
        const Index n = std::min(chunk, rows.size - first);
        for (Index i = 0; i < n; ++i)
            samples[as_size(i)] = rows[first + i];
        activations(packed, X, {n, samples.data()}, layer, Part::product, z.data(), n_threads);
        for (Index row = 0; row < n; row += row_block) {
            const Index block = std::min(row_block, n - row);
            kernels_.norms.moments({block, width, z.data() + row * width, width}, sums.data(),
                                   squares.data());
            const double before = static_cast<double>(first + row);
            const double count = static_cast<double>(block);
            for (Index j = 0; j < width; ++j) {
                const double apart = sums[as_size(j)] / count - mean[j];
                variance[j] +=
                    squares[as_size(j)] + apart * apart * before * count / (before + count);
                mean[j] += apart * count / (before + count);
            }
        }
    }
    for (Index j = 0; j < width; ++j)
        variance[j] /= static_cast<double>(rows.size);
}

template <class T>
double Network<T>::loss_and_gradient(const T *parameters, const Inputs<T> &X,
                                     const TargetsView<T> &y, const Selection &rows, double alpha,
                                     bool training, T *gradient, Index n_threads) const {
    const double weight_sum = positive_weight_sum(y, rows);
    using Use = typename PackedParameters<T>::Use;
    PackedParameters<T> packed(*this, gradient ? Use::both_ways : Use::forward);
    packed.load(*this, parameters);
    const Index chunk =
        training && uses_batch_statistics_ ? rows.size : std::min(rows.size, gradient_rows);
    const Index last = static_cast<Index>(layers_.size()) - 1;
    Buffer<T> packed_gradient(gradient ? packed.weights.size() : 0);
    std::vector<std::int64_t> samples(as_size(rows.size));
    for (Index i = 0; i < rows.size; ++i)
        samples[as_size(i)] = rows[i];
    n_threads = std::min(n_threads, n_row_blocks(chunk));
    Pass<T> pass(*this, chunk, n_threads, !X.sparse(),
                 gradient ? Pass<T>::Purpose::gradient : Pass<T>::Purpose::loss);
    double loss = 0.0;
    parallel(n_threads, [&](const Team &team) {
        for (Index first = 0; first < rows.size; first += chunk) {
            const Batch<T> batch{
                .rows = {std::min(chunk, rows.size - first), samples.data() + first},
                .weight_sum = weight_sum,
                .training = training};
            pass.forward(team, batch, X, packed, last, Part::output);
            pass.loss_and_output_gradients(team, batch, y);
            if (gradient)
                pass.backward(team, batch, packed);
            team.wait();
            if (team.rank == 0)
                loss += pass.batch_loss(batch.rows.size);
            if (gradient)
                pass.weight_gradients(
                    team, batch, X, packed,
                    [&](Index, const GradientTask &, const GradientTile<T> &tile) {
                        for (Index i = 0; i < tile.n; ++i)
                            packed_gradient[as_size(tile.offset + i)] += tile.gradient[i];
                    });
            team.wait();
        }
    });

    if (gradient) {
        packed.pull_back(*this, single_thread, packed_gradient.data());
        std::fill_n(gradient, layout_.n_parameters, T(0));
        packed_.unpack(packed_gradient.data(), gradient);
    }
    double squares = 0.0;
    const T penalty = static_cast<T>(alpha / weight_sum);
    if (alpha > 0.0)
        for (const LayerBlocks &blocks : layout_.layers)
            for (const Index matrix : {blocks.coefs, blocks.gate_coefs})
                for (Index i = matrix;
                     matrix != absent && i < matrix + blocks.n_inputs * blocks.width; ++i) {
                    squares +=
                        static_cast<double>(parameters[i]) * static_cast<double>(parameters[i]);
                    if (gradient)
                        gradient[i] += penalty * parameters[i];
                }
    return loss / weight_sum + 0.5 * alpha * squares / weight_sum;
}

// In the order of loss_and_gradient: chunks of rows, and row blocks in them.
template <class T>
double Network<T>::loss_of_outputs(const T *outputs, const TargetsView<T> &y,
                                   const Selection &rows) const {
    const double weight_sum = positive_weight_sum(y, rows);
    std::vector<T> values(as_size(y.classes ? 0 : row_block * y.n_targets));
    std::array<std::int32_t, row_block> classes;
    std::array<T, row_block> weights;
    double loss = 0.0;
    for (Index chunk = 0; chunk < rows.size; chunk += gradient_rows) {
        const Index end = std::min(chunk + gradient_rows, rows.size);
        double of_chunk = 0.0;
        for (Index row = chunk; row < end; row += row_block) {
            const Index n = std::min(row_block, end - row);
            for (Index i = 0; i < n; ++i) {
                const Index sample = rows[row + i];
                if (y.classes)
                    classes[as_size(i)] = y.classes[sample];
                else
                    std::copy_n(y.values + sample * y.n_targets, y.n_targets,
                                values.data() + i * y.n_targets);
                weights[as_size(i)] = y.weights ? y.weights[sample] : T(1);
            }
            of_chunk += loss_->value_and_gradient({.rows = n,
                                                   .n_outputs = n_outputs(),
                                                   .outputs = outputs + row * n_outputs(),
                                                   .outputs_stride = n_outputs(),
                                                   .values = y.classes ? nullptr : values.data(),
                                                   .values_stride = y.n_targets,
                                                   .classes = y.classes ? classes.data() : nullptr,
                                                   .weights = weights.data(),
                                                   .scale = 1.0 / weight_sum,
                                                   .gradient = nullptr,
                                                   .gradient_stride = 0});
        }
        loss += of_chunk;
    }
    return loss / weight_sum;
}

template class Network<float>;
template class Network<double>;

} // namespace deepgen
