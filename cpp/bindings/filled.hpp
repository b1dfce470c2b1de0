// Bound objects that have a value. An object that __new__ made and no constructor filled has none,
// and pybind11 would hand out raw memory for it: such an object is refused as an argument, `self`
// included.

#pragma once

#include <pybind11/pybind11.h>

namespace deepgen::python {

template <class Bound>
struct FilledCaster : pybind11::detail::type_caster_base<Bound> {
    bool load(pybind11::handle source, bool convert) {
        if (pybind11::isinstance<Bound>(source)) {
            auto *const instance = reinterpret_cast<pybind11::detail::instance *>(source.ptr());
            if (instance->get_value_and_holder().value_ptr() == nullptr)
                return false;
        }
        return pybind11::detail::type_caster_base<Bound>::load(source, convert);
    }
};

} // namespace deepgen::python

// At global scope, before the type is first used as an argument.
#define DEEPGEN_REJECT_UNINITIALIZED(Bound)                                                        \
    template <>                                                                                    \
    struct pybind11::detail::type_caster<Bound> : deepgen::python::FilledCaster<Bound> {};
