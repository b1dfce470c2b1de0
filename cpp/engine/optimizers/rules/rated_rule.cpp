// Factors of rates by the roles of weights, and the constants of a step.

#include "engine/optimizers/rules/rated_rule.hpp"

#include <algorithm>
#include <cmath>

namespace deepgen {
namespace {

template <class T>
const Rule<T> &find_rule(const Component &component, const Kernels<T> &kernels) {
    std::vector<const Rule<T> *> rules;
    for (const Rule<T> &rule : kernels.rules)
        rules.push_back(&rule);
    return find_member<Rule<T>>("optimizer", rules, component.name);
}

} // namespace

template <class T>
RatedRule<T>::RatedRule(const Component &component, const Kernels<T> &kernels)
    : rule_(find_rule(component, kernels)) {
    const Settings settings(component, rule_.parameters);
    for (const Parameter &parameter : rule_.parameters)
        settings_.push_back(settings[parameter.name]);
}

template <class T>
void RatedRule<T>::share_out(const PackedWeights &weights, const RateFactors &given) {
    for (const auto &[role, factor] : given) {
        require(std::ranges::find(rate_roles, role) != std::end(rate_roles), "unknown role '", role,
                "' of a rate factor; known: ", joined(rate_roles));
        require(factor >= 0.0 && std::isfinite(factor), "the rate factor of '", role,
                "' must be finite and not negative, got ", factor);
    }
    factors_ = {1.0};
    stretches_.clear();
    for (const PackedStretch &stretch : weights.stretches) {
        auto found = given.find(stretch.role);
        // The first matrix is one like the others where no factor names it.
        if (found == given.end() && stretch.role == "first_coefs")
            found = given.find("coefs");
        const double factor = found == given.end() ? 1.0 : found->second;
        const auto known = std::ranges::find(factors_, factor);
        const auto number = static_cast<std::size_t>(known - factors_.begin());
        if (known == factors_.end())
            factors_.push_back(factor);
        if (!stretches_.empty() && stretches_.back().factor == number)
            stretches_.back().end = stretch.end;
        else
            stretches_.push_back({stretch.end, number});
    }
}

template <class T>
typename RatedRule<T>::Numbers RatedRule<T>::numbers(StepSize size) const {
    const double decay = size.weight_decay.value_or(settings_.back());
    Numbers numbers;
    for (std::size_t i = 0; i < factors_.size(); ++i) {
        const double rate = factors_[i] * size.rate;
        numbers.constants[i] =
            rule_.constants(settings_.data(), static_cast<double>(size.count), rate);
        numbers.decays[i] = rate * decay;
    }
    return numbers;
}

template class RatedRule<float>;
template class RatedRule<double>;

} // namespace deepgen
