// Random numbers of a kind, the same for the same case.

#pragma once

#include "case.hpp"
#include "engine/core/random.hpp"

#include <cmath>

namespace deepgen::cuda {

class Numbers {
  public:
    explicit Numbers(Kind kind, std::uint64_t key = 1) : kind_(kind), key_(key) {}

    double fraction() { return random::fraction(key_, next_++); } // in [0, 1)
    float operator()() { return of_kind(kind_); }
    float ordinary() { return of_kind(Kind::ordinary); }

  private:
    float of_kind(Kind kind) {
        if (kind == Kind::special && fraction() < 1.0 / 400) {
            constexpr float some[] = {NAN, INFINITY, -INFINITY, 0.0F, -0.0F};
            return some[static_cast<int>(5.0 * fraction())];
        }
        const double middle = kind == Kind::tiny ? -64.0 : kind == Kind::huge ? 64.0 : 0.0;
        const double spread = middle == 0.0 ? 3.0 : 16.0;
        const double size = std::exp2(middle + spread * (2.0 * fraction() - 1.0));
        return static_cast<float>((2.0 * fraction() - 1.0) * size);
    }

    Kind kind_;
    std::uint64_t key_, next_ = 0;
};

} // namespace deepgen::cuda
