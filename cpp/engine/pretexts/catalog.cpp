// The catalog of pretext tasks, generated from the list of members, and how one is made.

#include "engine/pretexts/members.hpp"

namespace deepgen {

std::span<const PretextEntry *const> pretexts() {
    static constexpr const PretextEntry *entries[] = {
#define MEMBER(name) &pretext::name,
        DEEPGEN_PRETEXTS(MEMBER)
#undef MEMBER
    };
    return entries;
}

const PretextEntry &checked_pretext(const Component &component) {
    const PretextEntry &entry = find_member("pretext", pretexts(), component.name);
    Settings(component, entry.parameters);
    return entry;
}

template <class T>
std::unique_ptr<Pretext<T>> make_pretext(const Component &component, const Kernels<T> &kernels,
                                         const TrainingPart<T> &part, Index n_outputs) {
    const PretextEntry &entry = find_member("pretext", pretexts(), component.name);
    require(!part.X.sparse(), "pretext '", entry.name, "' does not support sparse X");
    const Settings settings(component, entry.parameters);
    const PretextCall<T> call{settings, kernels, part, n_outputs};
    if constexpr (std::is_same_v<T, float>)
        return entry.make_float(call);
    else
        return entry.make_double(call);
}

template std::unique_ptr<Pretext<float>> make_pretext(const Component &, const Kernels<float> &,
                                                      const TrainingPart<float> &, Index);
template std::unique_ptr<Pretext<double>> make_pretext(const Component &, const Kernels<double> &,
                                                       const TrainingPart<double> &, Index);

} // namespace deepgen
