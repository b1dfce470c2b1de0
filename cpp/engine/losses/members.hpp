// Every loss as formulas, for the loops of the host and for a device's threads.

#pragma once

#include "engine/losses/absolute_error.hpp"
#include "engine/losses/binary_focal.hpp"
#include "engine/losses/binary_log_loss.hpp"
#include "engine/losses/focal.hpp"
#include "engine/losses/gamma.hpp"
#include "engine/losses/huber.hpp"
#include "engine/losses/list.hpp"
#include "engine/losses/log_loss.hpp"
#include "engine/losses/poisson.hpp"
#include "engine/losses/quantile.hpp"
#include "engine/losses/squared_error.hpp"

namespace deepgen::loss {

// Places in the list.
enum class Number : int {
#define MEMBER(Type, name) name,
    DEEPGEN_LOSSES(MEMBER)
#undef MEMBER
};

// f(formula) with the formula of the loss at this place, made of its constants, which have to stay;
// loss_of_row and weighted_loss_of_row take it.
template <class F>
DEEPGEN_ANYWHERE void with_loss(int number, const double *constants, Index n, F f) {
    const std::span<const double> all(constants, as_size(n));
    switch (static_cast<Number>(number)) {
#define MEMBER(Type, name)                                                                         \
    case Number::name:                                                                             \
        return f(Type(all));
        DEEPGEN_LOSSES(MEMBER)
#undef MEMBER
    }
}

} // namespace deepgen::loss
