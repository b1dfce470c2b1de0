// What a spec has to satisfy.

#include "engine/network/spec.hpp"

#include "engine/activations/catalog.hpp"
#include "engine/network/front_layout.hpp"
#include "engine/normalizations/normalization.hpp"
#include "engine/reparametrizations/reparametrization.hpp"
#include "engine/skips/skip.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace deepgen {

namespace {

// No memory holds more, and offsets within it do not overflow.
constexpr Index most_weights = Index{1} << 48;

// The columns that layer 0 takes, after a look at what stands before it.
Index checked_front(const NetworkSpec &spec) {
    // Each embedding by itself: its features rise, so that the front can go through them in order.
    std::vector<Index> features;
    std::vector<std::string_view> names;
    for (const EmbeddingSpec &embedding : spec.embeddings) {
        const EmbeddingEntry &member =
            find_member("embedding", embeddings(), embedding.member.name);
        Settings(embedding.member, member.parameters);
        require(std::ranges::find(names, member.name) == names.end(), "two embeddings '",
                member.name, "': give one with the features of both");
        names.push_back(member.name);
        require(!embedding.features.empty(), "the embedding '", member.name, "' has no features");
        require(std::ranges::adjacent_find(embedding.features, std::greater_equal<>()) ==
                    embedding.features.end(),
                "the features of the embedding '", member.name, "' must rise");
        require(embedding.features.front() >= 0 && embedding.features.back() < spec.n_inputs,
                "the features of the embedding '", member.name, "' must be in 0 to ",
                spec.n_inputs - 1);
        require(embedding.constants.empty() ||
                    embedding.constants.size() == embedding.features.size(),
                "the embedding '", member.name, "' has constants for ", embedding.constants.size(),
                " features, not for ", embedding.features.size());
        features.insert(features.end(), embedding.features.begin(), embedding.features.end());
    }
    // All together: a feature, and a kind of block in the layout, belongs to one embedding.
    std::ranges::sort(features);
    require(std::ranges::adjacent_find(features) == features.end(),
            "a feature has two embeddings, one is wanted");
    std::vector<Block> blocks;
    Index n_numbers = 0;
    const FrontLayout front(spec, n_numbers, blocks);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        for (std::size_t k = 0; k < i; ++k)
            require(blocks[i].kind != blocks[k].kind, "two embeddings of numbers, one is wanted");
    require(front.width <= most_weights && n_numbers <= most_weights, "the front makes more than ",
            most_weights, " weights");
    return front.width;
}

} // namespace

void NetworkSpec::check() const {
    require(n_inputs >= 1 && n_inputs <= most_weights, "n_inputs must be at least 1 and at most ",
            most_weights, ", got ", n_inputs);
    require(!layers.empty(), "a network needs at least its output layer, got no layers");
    Index n_weights = 0, n_below = checked_front(*this);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        const LayerSpec &layer = layers[l];
        // Divided, not multiplied: the product of two wide layers may overflow.
        require(layer.width >= 1, "layer ", l, ": width must be at least 1, got ", layer.width);
        require(layer.width <= (most_weights - n_weights) / n_below, "layer ", l, ": width ",
                layer.width, " over ", n_below, " inputs makes more than ", most_weights,
                " weights");
        n_weights += layer.width * std::exchange(n_below, layer.width);
        require(layer.dropout >= 0.0 && layer.dropout < 1.0, "layer ", l,
                ": dropout must be in [0, 1), got ", layer.dropout);
        // Unknown names and settings out of range throw here.
        activation_choice(layer.activation);
        const NormalizationEntry &entry =
            find_member("normalization", normalizations(), layer.normalization.name);
        Settings(layer.normalization, entry.parameters);
        Settings(layer.reparametrization, find_member("reparametrization", reparametrizations(),
                                                      layer.reparametrization.name)
                                              .parameters);
        const SkipEntry &skip = find_member("skip", skips(), layer.skip.name);
        Settings(layer.skip, skip.parameters);
        // A skip adds the output of an earlier layer, so both have one width.
        require(layer.branch_drop >= 0.0 && layer.branch_drop < 1.0, "layer ", l,
                ": branch_drop must be in [0, 1), got ", layer.branch_drop);
        require(layer.branch_drop == 0.0 || layer.skip_from != no_skip, "layer ", l,
                ": branch_drop without a skip would drop the whole layer");
        require(layer.skip_from == no_skip || !skip.has_gate() ||
                    layer.reparametrization.name == "none",
                "layer ", l, ": the weights of a layer with a gate are not reparametrized");
        if (layer.skip_from != no_skip) {
            require(layer.skip_from >= 0 && layer.skip_from < static_cast<Index>(l), "layer ", l,
                    ": skip_from must be an earlier layer, got ", layer.skip_from);
            const Index from = layers[as_size(layer.skip_from)].width;
            require(from == layer.width, "layer ", l,
                    ": a skip adds layers of the same width, got ", from, " and ", layer.width);
        }
    }
    const LayerSpec &output = layers.back();
    require(
        output.activation == "identity" && output.normalization.name == "none" &&
            output.skip_from == no_skip && output.dropout == 0.0,
        "the output layer is linear: activation 'identity', no normalization, no skip, no dropout");
}

NetworkSpec NetworkSpec::plain() const {
    NetworkSpec spec = *this;
    for (LayerSpec &layer : spec.layers)
        layer.reparametrization = {"none", {}};
    return spec;
}

NetworkSpec NetworkSpec::folded() const {
    NetworkSpec spec = plain();
    spec.input_scale = false; // goes into the weights of layer 0
    for (LayerSpec &layer : spec.layers) {
        layer.dropout = layer.branch_drop = 0.0;
        if (!find_member("normalization", normalizations(), layer.normalization.name)
                 .keeps_statistics)
            continue;
        layer.normalization = {"none", {}};
        spec.bias = true; // the shift
    }
    return spec;
}

} // namespace deepgen
