// The catalog of skips, generated from the list of members, and what members share.

#include "engine/skips/members.hpp"

#include <algorithm>

namespace deepgen {

std::span<const SkipEntry *const> skips() {
#define DEEPGEN_MEMBER(name) &skip::name,
    static constexpr const SkipEntry *members[] = {DEEPGEN_SKIPS(DEEPGEN_MEMBER)};
#undef DEEPGEN_MEMBER
    return members;
}

template <class T>
void carry(const Kernels<T> &kernels, const SkipGradients<T> &gradients) {
    const Rows<T> &from = gradients.branch, &to = gradients.carried;
    if (!gradients.carried_is_new)
        kernels.matrix.add({from.rows, from.width, from.data, from.stride}, to.data, to.stride);
    else
        for (Index i = 0; i < from.rows; ++i)
            std::copy_n(from.data + i * from.stride, from.width, to.data + i * to.stride);
}

template void carry(const Kernels<float> &, const SkipGradients<float> &);
template void carry(const Kernels<double> &, const SkipGradients<double> &);

} // namespace deepgen
