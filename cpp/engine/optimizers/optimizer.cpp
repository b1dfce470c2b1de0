#include "engine/optimizers/optimizer.hpp"

namespace deepgen {

template <class T>
Optimizer<T>::Optimizer(const Component &component, const Kernels<T> &kernels) {
    std::vector<const Rule<T> *> rules;
    for (const Rule<T> &rule : kernels.rules)
        rules.push_back(&rule);
    rule_ = &find_member<Rule<T>>("optimizer", rules, component.name);
    const Settings settings(component, rule_->parameters);
    for (const Parameter &parameter : rule_->parameters)
        settings_.push_back(settings[parameter.name]);
}

std::vector<std::pair<std::string_view, std::span<const Parameter>>> optimizers() {
    std::vector<std::pair<std::string_view, std::span<const Parameter>>> all;
    for (const Rule<double> &rule : kernels<double>("portable").rules)
        all.emplace_back(rule.name, rule.parameters);
    return all;
}

template class Optimizer<float>;
template class Optimizer<double>;

} // namespace deepgen
