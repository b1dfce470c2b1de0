// The list, in one place.

#include "engine/devices/unsupported.hpp"

#include "engine/devices/plugin_net.hpp"

#include <algorithm>
#include <type_traits>

namespace deepgen {
namespace {

template <class... Parts>
void refuse_if(bool wanted, const Parts &...what) {
    if (wanted)
        refuse("device='cuda' does not support ", what..., "; use device='cpu'");
}

} // namespace

template <class T>
void refuse_unsupported(const Network<T> &network) {
    const NetworkSpec &spec = network.spec();
    const Kernels<T> &kernels = network.kernels();
    refuse_if(std::is_same_v<T, double>, "dtype 'float64': it computes in float32");
    refuse_if(&kernels != &full_precision(kernels), "dtype 'bfloat16': it computes in float32");
    for (const EmbeddingSpec &embedding : spec.embeddings)
        refuse_if(true, "embedding '", embedding.member.name, "'");
    refuse_if(spec.input_scale, "input_scale");
    for (const LayerSpec &layer : spec.layers) {
        const std::string &norm = layer.normalization.name, &skip = layer.skip.name;
        refuse_if(layer.reparametrization.name != "none", "reparametrization '",
                  layer.reparametrization.name, "'");
        refuse_if(!normalization_on_device(norm), "normalization '", norm, "'");
        refuse_if(layer.skip_from != no_skip && !skip_on_device(skip), "skip '", skip, "'");
    }
}

void refuse_unsupported(const OptimizerSpec &optimizer) {
    refuse_if(needs_lapack(optimizer.rule.name), "optimizer '", optimizer.rule.name, "'");
    for (const Component &wrapper : optimizer.wrappers)
        refuse_if(!wrapper_on_device(wrapper.name), "wrapper '", wrapper.name, "'");
}

void refuse_unsupported(const TrainingSpec &spec) {
    refuse_if(spec.augmentation.name != "none", "augmentation '", spec.augmentation.name, "'");
    refuse_if(spec.mixup > 0.0, "mixup");
    refuse_if(spec.pretext.has_value(), "pretext tasks");
}

void refuse_unsupported(const Inputs<float> &X) {
    refuse_if(X.sparse(), "sparse X");
}

template void refuse_unsupported(const Network<float> &);
template void refuse_unsupported(const Network<double> &);

} // namespace deepgen
