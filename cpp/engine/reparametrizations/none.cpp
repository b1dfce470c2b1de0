// No reparametrization: the products use the trained numbers themselves.

#include "engine/reparametrizations/members.hpp"

namespace deepgen::reparametrization {

constinit const ReparametrizationEntry none{
    .name = "none",
    .parameters = {},
    .centred = false,
    .gain = Gain::none,
    .make = [](const Settings &) { return std::unique_ptr<const Reparametrization>(); },
};

} // namespace deepgen::reparametrization
