// An elementwise rule with its settings, and what a step has in common for all weights of one rate:
// the same numbers wherever the rule runs.

#pragma once

#include "engine/optimizers/optimizer.hpp"

#include <array>

namespace deepgen {

template <class T>
class RatedRule {
  public:
    // Weights up to `end`, from where the one before ends, whose rate has the factor of this
    // number.
    struct Stretch {
        Index end;
        std::size_t factor;
    };
    // Of each factor.
    struct Numbers {
        std::array<RuleConstants, std::size(rate_roles) + 1> constants;
        std::array<double, std::size(rate_roles) + 1> decays; // rate times weight decay
    };

    RatedRule(const Component &component, const Kernels<T> &kernels);

    // Which weights have which factor. Without factors there is one stretch with factor 1.
    void share_out(const PackedWeights &weights, const RateFactors &given);

    const Rule<T> &rule() const { return rule_; }
    T initial() const { return static_cast<T>(rule_.initial(settings_.data())); }
    std::size_t n_factors() const { return factors_.size(); }
    const std::vector<Stretch> &stretches() const { return stretches_; }
    Numbers numbers(StepSize size) const;

  private:
    const Rule<T> &rule_;
    std::vector<double> settings_; // as the rule's parameters; the last is weight_decay
    std::vector<double> factors_;
    std::vector<Stretch> stretches_;
};

} // namespace deepgen
