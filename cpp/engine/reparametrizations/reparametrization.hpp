// What the network asks of a reparametrization: the weights w of a unit, which products use, from
// the numbers that are trained, v (a column of coefs) and the gain g.
//
//   w = g f(q) c,   q = |c|^2,   c = v  or  v - mean(v)
//
// A member states f with its first two derivatives, whether c is centred, and who has a gain; g is
// 1 where nobody has. The rest follows. With the gradient u = dL/dw and s = c u,
//
//   dg = f s,   dc = g (f u + 2 f' s c),   dv = dc  or  dc - mean(dc)
//
// and along a direction (Rv, Rg) of the trained numbers, with Rq = 2 c Rc,
//
//   R w  = (Rg f + g f' Rq) c + g f Rc
//   R s  = Rc u + c Ru
//   R dg = f' Rq s + f Rs
//   R dc = Rg (f u + 2 f' s c) + g (f' Rq u + f Ru + 2 (f'' Rq s + f' Rs) c + 2 f' s Rc)

#pragma once

#include "engine/core/catalog.hpp"

#include <memory>

namespace deepgen {

// f(q), f'(q), f''(q).
struct Factor {
    double value, derivative, second_derivative;
};

class Reparametrization {
  public:
    virtual ~Reparametrization() = default;

    // Of a unit with so many inputs. All zero, or constant, where c is zero.
    virtual Factor factor(double squares, Index n_inputs) const = 0;

    // The factor does not depend on the squares, which then need not be summed.
    virtual bool constant() const { return false; }
};

enum class Gain { none, unit, layer }; // who has one

struct ReparametrizationEntry {
    std::string_view name;
    std::span<const Parameter> parameters;
    bool centred;
    Gain gain;
    std::unique_ptr<const Reparametrization> (*make)(const Settings &);
};

template <class Member>
std::unique_ptr<const Reparametrization> make_reparametrization(const Settings &settings) {
    return std::make_unique<const Member>(settings);
}

std::span<const ReparametrizationEntry *const> reparametrizations();

} // namespace deepgen
