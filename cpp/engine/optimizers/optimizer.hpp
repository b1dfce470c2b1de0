// An optimizer made ready to run: its elementwise rule and settings.

#pragma once

#include "engine/kernels/kernels.hpp"

namespace deepgen {

template <class T>
class Optimizer {
  public:
    Optimizer(const Component &component, const Kernels<T> &kernels);

    Index n_slots() const { return rule_->n_slots; }

    // What is the same for all weights in one step; steps count from 1.
    RuleConstants constants(Index step, double rate) const {
        return rule_->constants(settings_.data(), static_cast<double>(step), rate);
    }
    // Decoupled decay of one step.
    double decay(double rate) const { return rate * settings_.back(); }

    void update(const RuleConstants &constants, RuleTile<T> &tile) const {
        rule_->update(constants, tile);
    }

  private:
    const Rule<T> *rule_;
    std::vector<double>
        settings_; // in the order of the rule's parameters; the last is weight_decay
};

// The parameters of each rule, for the listing.
std::vector<std::pair<std::string_view, std::span<const Parameter>>> optimizers();

} // namespace deepgen
