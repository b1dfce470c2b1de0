// Unit by unit, in the flat layout.

#include "engine/probes/chain.hpp"

#include <algorithm>
#include <numeric>

namespace deepgen {

// One unit: its weights are `n` numbers from `at` on, `stride` apart.
struct Chain::Column {
    Index at, n, stride;
    Index gain; // absent: 1
    bool centred;
    double g;
    Factor f;
    const std::vector<double> &c;

    double own_gain(const double *vector) const { return gain == absent ? 0.0 : vector[gain]; }
    // Of this unit's part of a vector: its product with c, and its mean where that is taken off.
    double with_c(const double *vector) const {
        double sum = 0.0;
        for (Index k = 0; k < n; ++k)
            sum += vector[at + k * stride] * c[as_size(k)];
        return sum;
    }
    double mean(const double *vector) const {
        double sum = 0.0;
        for (Index k = 0; centred && k < n; ++k)
            sum += vector[at + k * stride];
        return sum / static_cast<double>(n);
    }
};

Chain::Chain(const Network<double> &network, const double *parameters)
    : network_(network), trained_(parameters, parameters + network.layout().n_trainable),
      packed_(network), packed_gradient_(packed_.weights.size()) {
    packed_.load(network, parameters);
}

template <class Work>
void Chain::for_each_unit(Work work) const {
    std::vector<double> c;
    for (std::size_t l = 0; l < network_.layers().size(); ++l) {
        const LayerPlan<double> &plan = network_.layers()[l];
        const LayerBlocks &blocks = network_.layout().layers[l];
        if (!plan.reparametrization)
            continue;
        c.resize(as_size(plan.n_inputs));
        for (Index j = 0; j < plan.width; ++j) {
            for (Index k = 0; k < plan.n_inputs; ++k)
                c[as_size(k)] = trained_[as_size(blocks.coefs + k * plan.width + j)];
            const double mean = plan.centred ? std::accumulate(c.begin(), c.end(), 0.0) /
                                                   static_cast<double>(c.size())
                                             : 0.0;
            for (double &entry : c)
                entry -= mean;
            const double squares = std::inner_product(c.begin(), c.end(), c.begin(), 0.0);
            const Index gain =
                blocks.gain == absent ? absent : blocks.gain + (blocks.n_gains > 1 ? j : 0);
            work(Column{.at = blocks.coefs + j,
                        .n = plan.n_inputs,
                        .stride = plan.width,
                        .gain = gain,
                        .centred = plan.centred,
                        .g = gain == absent ? 1.0 : trained_[as_size(gain)],
                        .f = plan.reparametrization->factor(squares, plan.n_inputs),
                        .c = c});
        }
    }
}

void Chain::push_forward(const double *direction, double *moved) const {
    std::copy_n(direction, trained_.size(), moved);
    for_each_unit([&](const Column &unit) {
        const double rq = 2.0 * unit.with_c(direction), mean = unit.mean(direction);
        const double along =
            unit.own_gain(direction) * unit.f.value + unit.g * unit.f.derivative * rq;
        for (Index k = 0; k < unit.n; ++k) {
            const Index place = unit.at + k * unit.stride;
            moved[place] =
                along * unit.c[as_size(k)] + unit.g * unit.f.value * (direction[place] - mean);
        }
        if (unit.gain != absent)
            moved[unit.gain] = 0.0;
    });
}

void Chain::pull_back(double *gradient) {
    network_.packed().pack(gradient, packed_gradient_.data());
    packed_.pull_back(network_, single_thread, packed_gradient_.data());
    network_.packed().unpack(packed_gradient_.data(), gradient);
}

void Chain::pull_back_tangent(const double *direction, const double *gradient,
                              double *tangent) const {
    const auto clear_gains = [&](const Column &unit) {
        if (unit.gain != absent)
            tangent[unit.gain] = 0.0;
    };
    for_each_unit(clear_gains);
    for_each_unit([&](const Column &unit) {
        const auto [f, df, d2f] = unit.f;
        const double g = unit.g, rg = unit.own_gain(direction);
        const double s = unit.with_c(gradient), rq = 2.0 * unit.with_c(direction);
        const double mean_v = unit.mean(direction), mean_u = unit.mean(gradient);
        const double mean_ru = unit.mean(tangent);
        double rs = unit.with_c(tangent);
        for (Index k = 0; k < unit.n; ++k) {
            const Index place = unit.at + k * unit.stride;
            rs += (direction[place] - mean_v) * gradient[place];
        }
        const double along_u = rg * f + g * df * rq;
        const double along_c = 2.0 * (rg * df * s + g * (d2f * rq * s + df * rs));
        const double along_rc = 2.0 * g * df * s;
        for (Index k = 0; k < unit.n; ++k) {
            const Index place = unit.at + k * unit.stride;
            tangent[place] = along_u * (gradient[place] - mean_u) +
                             g * f * (tangent[place] - mean_ru) + along_c * unit.c[as_size(k)] +
                             along_rc * (direction[place] - mean_v);
        }
        if (unit.gain != absent)
            tangent[unit.gain] += df * rq * s + f * rs;
    });
}

} // namespace deepgen
