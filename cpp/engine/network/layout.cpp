// Offsets of both layouts, and the ways between them.

#include "engine/network/layout.hpp"

#include "engine/activations/catalog.hpp"
#include "engine/normalizations/normalization.hpp"
#include "engine/reparametrizations/reparametrization.hpp"
#include "engine/skips/skip.hpp"

#include <utility>

namespace deepgen {

namespace {

// The front is worked out first, since layer 0 has its width, and stands after the layers.
FrontLayout front_of(const NetworkSpec &spec) {
    Index offset = 0;
    std::vector<Block> blocks;
    return FrontLayout(spec, offset, blocks);
}

} // namespace

Layout::Layout(const NetworkSpec &spec) : front(front_of(spec)) {
    Index offset = 0;
    const auto append = [&](const char *kind, std::size_t layer, Index rows, Index columns,
                            bool trainable) {
        blocks.push_back({kind, static_cast<Index>(layer), offset, rows, columns, trainable});
        return std::exchange(offset, offset + rows * columns);
    };
    // Trained numbers first, layer by layer, so that optimizers see one stretch of the vector.
    Index n_inputs = front.width;
    for (std::size_t l = 0; l < spec.layers.size(); ++l) {
        const LayerSpec &layer = spec.layers[l];
        const NormalizationEntry &norm =
            find_member("normalization", normalizations(), layer.normalization.name);
        LayerBlocks &own = layers.emplace_back(
            LayerBlocks{.n_inputs = n_inputs, .width = layer.width, .coefs = 0});
        own.coefs = append("coefs", l, n_inputs, layer.width, true);
        if (spec.bias && !norm.replaces_bias)
            own.intercepts = append("intercepts", l, 1, layer.width, true);
        const bool skips_over = layer.skip_from != no_skip;
        const SkipEntry &skip = find_member("skip", skips(), layer.skip.name);
        if (skips_over && skip.has_gate()) {
            own.gate_coefs = append("gate_coefs", l, n_inputs, layer.width, true);
            if (spec.bias)
                own.gate_intercepts = append("gate_intercepts", l, 1, layer.width, true);
        }
        if (norm.scales) {
            own.scale = append("scale", l, 1, layer.width, true);
            own.shift = append("shift", l, 1, layer.width, true);
        }
        const Gain gain =
            find_member("reparametrization", reparametrizations(), layer.reparametrization.name)
                .gain;
        if (gain != Gain::none) {
            own.n_gains = gain == Gain::unit ? layer.width : 1;
            own.gain = append("gain", l, 1, own.n_gains, true);
        }
        if (activation_choice(layer.activation).parametric)
            own.slope = append("slope", l, 1, layer.width, true);
        n_inputs = layer.width;
    }
    // Again, now with its offsets. Statistics follow the trained numbers.
    front = FrontLayout(spec, offset, blocks);
    n_trainable = offset;
    for (std::size_t l = 0; l < spec.layers.size(); ++l) {
        const LayerSpec &layer = spec.layers[l];
        if (find_member("normalization", normalizations(), layer.normalization.name)
                .keeps_statistics) {
            layers[l].mean = append("mean", l, 1, layer.width, false);
            layers[l].variance = append("variance", l, 1, layer.width, false);
        }
    }
    n_parameters = offset;
}

template <class T>
PackedLayout<T>::PackedLayout(const NetworkSpec &spec, const Layout &layout, Index panel,
                              Transpose transpose_square)
    : layout_(&layout), panel_(panel), transpose_square_(transpose_square) {
    for (std::size_t l = 0; l < layout.layers.size(); ++l) {
        const LayerBlocks &blocks = layout.layers[l];
        const bool first = l == 0, trained = spec.layers[l].reparametrization.name == "none";
        const bool has_gate = blocks.gate_coefs != absent;
        const Index width = padded<T>(blocks.width);
        PackedLayer layer{.n_inputs = padded<T>(blocks.n_inputs),
                          .width = has_gate ? 2 * width : width,
                          .n_features = blocks.n_inputs,
                          .n_outputs = blocks.width,
                          .gate = width,
                          .narrow =
                              !first && trained && !has_gate && blocks.width <= narrow_outputs,
                          .coefs = size_};
        layer.intercepts =
            layer.coefs + layer.n_inputs * (layer.narrow ? layer.n_outputs : layer.width);
        layer.scale = layer.intercepts + layer.width;
        layer.shift = layer.scale + layer.width;
        layer.has_bias = blocks.intercepts != absent;
        layer.gain = blocks.scale == absent ? layer.scale : layer.shift + layer.width;
        layer.n_gains = blocks.gain == absent ? 0 : blocks.n_gains;
        layer.slope = layer.gain + (blocks.gain == absent ? 0 : layer.width);
        layer.has_slope = blocks.slope != absent;
        layer.n_vectors = layer.slope - layer.intercepts + (layer.has_slope ? layer.width : 0);
        layer.last = l + 1 == layout.layers.size();
        layer.transposed = transposed_size_;
        size_ = layer.intercepts + layer.n_vectors;
        layer.transposes = !layer.narrow && (!first || !layout.front.empty());
        if (layer.transposes)
            transposed_size_ += layer.n_inputs * layer.width;
        layers_.push_back(layer);
        add_stretches(layer, first);
    }
    for (const FrontFeature &feature : layout.front.features) {
        feature_offsets_.push_back(size_);
        size_ += padded<T>(feature.n_numbers);
    }
    feature_offsets_.push_back(size_);
    stretches_.push_back({size_, "embedding"});
    if (layout.front.input_scale >= 0)
        size_ += padded<T>(layout.front.width);
    stretches_.push_back({size_, "input_scale"});
}

template <class T>
void PackedLayout<T>::add_stretches(const PackedLayer &layer, bool first) {
    stretches_.push_back({layer.intercepts, first ? "first_coefs" : "coefs"});
    stretches_.push_back({layer.scale, "intercepts"});
    if (layer.gain > layer.scale) {
        stretches_.push_back({layer.shift, "scale"});
        stretches_.push_back({layer.gain, "shift"});
    }
    if (layer.n_gains > 0)
        stretches_.push_back({layer.slope, "gain"});
    if (layer.has_slope)
        stretches_.push_back({layer.intercepts + layer.n_vectors, "slope"});
}

namespace {

// Calls copy(flat offset, packed offset, length) for every run that is contiguous in both.
template <class Copy>
void for_each_chunk(const Layout &layout, const std::vector<PackedLayer> &layers, Index panel,
                    Copy copy) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const LayerBlocks &flat = layout.layers[l];
        const PackedLayer &packed = layers[l];
        for (Index k = 0; packed.narrow && k < flat.n_inputs; ++k) {
            const Index first = k / panel * panel;
            const Index stride = std::min(panel, packed.n_inputs - first);
            for (Index output = 0; output < flat.width; ++output)
                copy(flat.coefs + k * flat.width + output,
                     packed.coefs + first * packed.n_outputs + output * stride + (k - first), 1);
        }
        // A matrix whose first column stands at column `first` of the packed one.
        const auto copy_matrix = [&](Index matrix, Index first) {
            for (Index column = first; column < first + flat.width;) {
                const Index start = column / panel * panel;
                const Index stride = std::min(panel, packed.width - start);
                const Index end = std::min(start + panel, first + flat.width);
                for (Index row = 0; row < flat.n_inputs; ++row)
                    copy(matrix + row * flat.width + (column - first),
                         packed.coefs + start * packed.n_inputs + row * stride + (column - start),
                         end - column);
                column = end;
            }
        };
        if (!packed.narrow)
            copy_matrix(flat.coefs, 0);
        if (flat.intercepts != absent)
            copy(flat.intercepts, packed.intercepts, flat.width);
        if (flat.gate_coefs != absent)
            copy_matrix(flat.gate_coefs, packed.gate);
        if (flat.gate_intercepts != absent)
            copy(flat.gate_intercepts, packed.intercepts + packed.gate, flat.width);
        if (flat.scale != absent) {
            copy(flat.scale, packed.scale, flat.width);
            copy(flat.shift, packed.shift, flat.width);
        }
        if (flat.gain != absent)
            copy(flat.gain, packed.gain, flat.n_gains);
        if (flat.slope != absent)
            copy(flat.slope, packed.slope, flat.width);
    }
}

} // namespace

template <class T>
template <class Copy>
void PackedLayout<T>::for_each_front_run(Copy copy) const {
    for (std::size_t i = 0; i < front().features.size(); ++i)
        for (const FrontFeature::Run &run : front().features[i].runs)
            copy(run.flat, feature_offsets_[i] + run.place, run.n);
    if (front().input_scale >= 0)
        copy(front().input_scale, input_scale(), front().width);
}

template <class T>
void PackedLayout<T>::pack(const T *flat, T *packed) const {
    const auto copy = [&](Index from, Index to, Index length) {
        // Where a panel is a cache line, most runs are one, and a call would cost more.
        if (length == lane_pad<T>)
            std::copy_n(flat + from, lane_pad<T>, packed + to);
        else
            std::copy_n(flat + from, length, packed + to);
    };
    for_each_chunk(*layout_, layers_, panel_, copy);
    for_each_front_run(copy);
}

template <class T>
void PackedLayout<T>::unpack(const T *packed, T *flat) const {
    for_each_chunk(*layout_, layers_, panel_, [&](Index to, Index from, Index length) {
        std::copy_n(packed + from, length, flat + to);
    });
    for_each_front_run(
        [&](Index to, Index from, Index length) { std::copy_n(packed + from, length, flat + to); });
}

template <class T>
void PackedLayout<T>::transpose(Index layer, const T *packed, T *transposed) const {
    const PackedLayer &l = layers_[as_size(layer)];
    for (Index column = 0; l.transposes && column < l.width; column += panel_)
        transpose_block(layer, 0, l.n_inputs, column, packed, transposed);
}

template <class T>
void PackedLayout<T>::transpose_block(Index layer, Index row, Index n_rows, Index column,
                                      const T *packed, T *transposed) const {
    const PackedLayer &l = layers_[as_size(layer)];
    const Index width = panel_width(column, l.width);
    const T *const from = packed + l.coefs + column * l.n_inputs;
    T *const to = transposed + l.transposed;
    for (const Index end = row + n_rows; row < end; row += lane_pad<T>) {
        const Index panel = row / panel_ * panel_;
        const Index stride = panel_width(panel, l.n_inputs);
        T *const square = to + panel * l.width + column * stride + (row - panel);
        for (Index j = 0; j < width; j += lane_pad<T>)
            transpose_square_(from + row * width + j, width, square + j * stride, stride);
    }
}

template class PackedLayout<float>;
template class PackedLayout<double>;

} // namespace deepgen
