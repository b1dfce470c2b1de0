// Every preconditioner, one line each; each is defined in the .cpp of its name. Their settings
// `momentum` and `weight_decay` are those of the rule that takes the direction, SGD.

#pragma once

#include "engine/optimizers/preconditioners/preconditioner.hpp"

#define DEEPGEN_PRECONDITIONERS(MEMBER)                                                            \
    MEMBER(kfac)                                                                                   \
    MEMBER(shampoo)

namespace deepgen {

// How a preconditioner is listed and made.
struct PreconditionerEntry {
    template <class T>
    using Make = std::unique_ptr<Optimizer<T>> (*)(std::unique_ptr<Optimizer<T>> base,
                                                   const Settings &, const Kernels<T> &,
                                                   const Lapack<T> &);

    std::string_view name;
    std::span<const Parameter> parameters;
    Make<float> make_float;
    Make<double> make_double;
};

// An entry whose member is constructed from (base, settings, kernels, lapack).
template <template <class> class Member>
constexpr PreconditionerEntry preconditioner_entry(std::string_view name,
                                                   std::span<const Parameter> parameters) {
    return {name, parameters,
            [](std::unique_ptr<Optimizer<float>> base, const Settings &settings,
               const Kernels<float> &kernels,
               const Lapack<float> &lapack) -> std::unique_ptr<Optimizer<float>> {
                return std::make_unique<Member<float>>(std::move(base), settings, kernels, lapack);
            },
            [](std::unique_ptr<Optimizer<double>> base, const Settings &settings,
               const Kernels<double> &kernels,
               const Lapack<double> &lapack) -> std::unique_ptr<Optimizer<double>> {
                return std::make_unique<Member<double>>(std::move(base), settings, kernels, lapack);
            }};
}

namespace preconditioner {

// Without its line above, a member's definition is an unused constant, and does not compile.
#define MEMBER(name) extern const PreconditionerEntry name;
DEEPGEN_PRECONDITIONERS(MEMBER)
#undef MEMBER

} // namespace preconditioner

} // namespace deepgen
