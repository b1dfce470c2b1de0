// The catalog of optimizers and wrappers, and chains of them.

#include "engine/optimizers/optimizer.hpp"

#include "engine/optimizers/elementwise.hpp"
#include "engine/optimizers/wrappers.hpp"

namespace deepgen {
namespace {

constexpr const WrapperEntry *wrapper_entries[] = {
#define MEMBER(name) &wrapper::name,
    DEEPGEN_WRAPPERS(MEMBER)
#undef MEMBER
};

} // namespace

template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const OptimizerSpec &spec, const Kernels<T> &kernels) {
    std::unique_ptr<Optimizer<T>> chain = std::make_unique<Elementwise<T>>(spec.rule, kernels);
    for (const Component &component : spec.wrappers) {
        const WrapperEntry &entry =
            find_member<WrapperEntry>("wrapper", wrapper_entries, component.name);
        const Settings settings(component, entry.parameters);
        if constexpr (std::is_same_v<T, float>)
            chain = entry.make_float(std::move(chain), settings, kernels);
        else
            chain = entry.make_double(std::move(chain), settings, kernels);
    }
    return chain;
}

Listing optimizers() {
    Listing all;
    for (const Rule<double> &rule : kernels<double>("portable").rules)
        all.emplace_back(rule.name, rule.parameters);
    return all;
}

Listing wrappers() {
    Listing all;
    for (const WrapperEntry *entry : wrapper_entries)
        all.emplace_back(entry->name, entry->parameters);
    return all;
}

template std::unique_ptr<Optimizer<float>> make_optimizer(const OptimizerSpec &,
                                                          const Kernels<float> &);
template std::unique_ptr<Optimizer<double>> make_optimizer(const OptimizerSpec &,
                                                           const Kernels<double> &);

} // namespace deepgen
