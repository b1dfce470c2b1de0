// The catalog of optimizers.

#include "engine/optimizers/optimizer.hpp"

#include "engine/optimizers/elementwise.hpp"

namespace deepgen {

template <class T>
std::unique_ptr<Optimizer<T>> make_optimizer(const Component &component,
                                             const Kernels<T> &kernels) {
    return std::make_unique<Elementwise<T>>(component, kernels);
}

std::vector<std::pair<std::string_view, std::span<const Parameter>>> optimizers() {
    std::vector<std::pair<std::string_view, std::span<const Parameter>>> all;
    for (const Rule<double> &rule : kernels<double>("portable").rules)
        all.emplace_back(rule.name, rule.parameters);
    return all;
}

template std::unique_ptr<Optimizer<float>> make_optimizer(const Component &,
                                                          const Kernels<float> &);
template std::unique_ptr<Optimizer<double>> make_optimizer(const Component &,
                                                           const Kernels<double> &);

} // namespace deepgen
