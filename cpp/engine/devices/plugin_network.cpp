// Rows go out, their outputs come back.

#include "engine/devices/plugin_network.hpp"

#include "engine/devices/unsupported.hpp"

#include <algorithm>

namespace deepgen {

void PluginNetwork::outputs(const float *parameters, const Inputs<float> &X, const Selection &rows,
                            float *to) {
    refuse_unsupported(X);
    const float *from = X.dense;
    std::vector<float> chosen;
    if (rows.samples) {
        chosen.resize(as_size(rows.size * X.n_columns));
        for (Index i = 0; i < rows.size; ++i)
            std::copy_n(X.dense + rows[i] * X.n_columns, X.n_columns,
                        chosen.data() + i * X.n_columns);
        from = chosen.data();
    }
    const std::lock_guard turn(turn_);
    if (!run_.get())
        run_.create(PluginNet(run_.network(), run_.packed()));
    run_.load(parameters);
    if (rows.size > 0)
        run_.call(run_.table().outputs, rows.size, from, to);
}

template <class T>
std::shared_ptr<PluginNetwork> network_on_device(const Plugin &plugin, const Network<T> &network) {
    refuse_unsupported(network);
    if constexpr (std::is_same_v<T, float>)
        return std::make_shared<PluginNetwork>(plugin, network);
    else
        return nullptr; // refused
}

template std::shared_ptr<PluginNetwork> network_on_device(const Plugin &, const Network<float> &);
template std::shared_ptr<PluginNetwork> network_on_device(const Plugin &, const Network<double> &);

} // namespace deepgen
