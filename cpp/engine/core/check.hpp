// Checks whose failure is the caller's mistake: std::invalid_argument, which Python sees as
// ValueError. The message names the thing, what came and what was wanted.

#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace deepgen {

template <class... Parts>
[[noreturn]] void refuse(const Parts &...parts) {
    std::ostringstream message;
    (message << ... << parts);
    throw std::invalid_argument(message.str());
}

template <class... Parts>
void require(bool condition, const Parts &...parts) {
    if (!condition)
        refuse(parts...);
}

} // namespace deepgen
