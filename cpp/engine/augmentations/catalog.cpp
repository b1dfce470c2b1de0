// The catalog of augmentations, generated from the list of members, and how one is made.

#include "engine/augmentations/members.hpp"

namespace deepgen {

std::span<const AugmentationEntry *const> augmentations() {
    static constexpr const AugmentationEntry *entries[] = {
#define MEMBER(name) &augmentation::name,
        DEEPGEN_AUGMENTATIONS(MEMBER)
#undef MEMBER
    };
    return entries;
}

void check_augmentation(const Component &component) {
    const AugmentationEntry &entry = find_member("augmentation", augmentations(), component.name);
    Settings(component, entry.parameters);
}

template <class T>
std::unique_ptr<Augmentation<T>> make_augmentation(const Component &component,
                                                   const TrainingPart<T> &part) {
    const AugmentationEntry &entry = find_member("augmentation", augmentations(), component.name);
    require(
        entry.takes_sparse || !part.X.sparse(), "augmentation '", entry.name,
        "' does not support sparse X, every entry of which it would fill; 'mask' and 'swap' do");
    const Settings settings(component, entry.parameters);
    if constexpr (std::is_same_v<T, float>)
        return entry.make_float(settings, part);
    else
        return entry.make_double(settings, part);
}

template std::unique_ptr<Augmentation<float>> make_augmentation(const Component &,
                                                                const TrainingPart<float> &);
template std::unique_ptr<Augmentation<double>> make_augmentation(const Component &,
                                                                 const TrainingPart<double> &);

} // namespace deepgen
