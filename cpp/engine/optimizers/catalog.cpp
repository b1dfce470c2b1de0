// The catalog of optimizers, preconditioners and wrappers, and chains of them.

#include "engine/optimizers/optimizer.hpp"

#include "engine/optimizers/preconditioners/members.hpp"
#include "engine/optimizers/rules/elementwise.hpp"
#include "engine/optimizers/wrappers/members.hpp"

#include <algorithm>

namespace deepgen {
namespace {

constexpr const WrapperEntry *wrapper_entries[] = {
#define MEMBER(name) &wrapper::name,
    DEEPGEN_WRAPPERS(MEMBER)
#undef MEMBER
};

constexpr const PreconditionerEntry *preconditioner_entries[] = {
#define MEMBER(name) &preconditioner::name,
    DEEPGEN_PRECONDITIONERS(MEMBER)
#undef MEMBER
};

const PreconditionerEntry *find_preconditioner(std::string_view name) {
    const auto found = std::ranges::find(preconditioner_entries, name, &PreconditionerEntry::name);
    return found == std::end(preconditioner_entries) ? nullptr : *found;
}

template <class T>
std::unique_ptr<Optimizer<T>> make_rule(const Component &component, const Kernels<T> &kernels,
                                        const Lapack<T> &lapack) {
    const PreconditionerEntry *const entry = find_preconditioner(component.name);
    if (!entry) {
        std::vector<std::string_view> names;
        for (const auto &[name, settings] : optimizers())
            names.push_back(name);
        require(std::ranges::find(names, component.name) != names.end(), "unknown optimizer '",
                component.name, "'; known: ", joined(names));
        return std::make_unique<Elementwise<T>>(component, kernels);
    }
    const Settings settings(component, entry->parameters);
    require(lapack.potrf && lapack.potri && lapack.syevd, component.name,
            " needs LAPACK, which was not handed over");
    const Component base{"sgd",
                         {{"momentum", settings.values("momentum")},
                          {"nesterov", {0.0}},
                          {"weight_decay", settings.values("weight_decay")}}};
    auto rule = std::make_unique<Elementwise<T>>(base, kernels);
    if constexpr (std::is_same_v<T, float>)
        return entry->make_float(std::move(rule), settings, kernels, lapack);
    else
        return entry->make_double(std::move(rule), settings, kernels, lapack);
}

} // namespace

bool needs_lapack(std::string_view rule) {
    return find_preconditioner(rule) != nullptr;
}

template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const OptimizerSpec &spec, const Kernels<T> &kernels,
                                             const Lapack<T> &lapack) {
    std::unique_ptr<Optimizer<T>> chain = make_rule(spec.rule, kernels, lapack);
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
    for (const PreconditionerEntry *entry : preconditioner_entries)
        all.emplace_back(entry->name, entry->parameters);
    return all;
}

Listing wrappers() {
    Listing all;
    for (const WrapperEntry *entry : wrapper_entries)
        all.emplace_back(entry->name, entry->parameters);
    return all;
}

template std::unique_ptr<Optimizer<float>>
make_optimizer(const OptimizerSpec &, const Kernels<float> &, const Lapack<float> &);
template std::unique_ptr<Optimizer<double>>
make_optimizer(const OptimizerSpec &, const Kernels<double> &, const Lapack<double> &);

} // namespace deepgen
