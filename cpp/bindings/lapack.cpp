// SciPy's function pointers: capsules, whose names are the signatures of what they hold.

#include "bindings/lapack.hpp"

#include "engine/core/check.hpp"

#include <pybind11/pybind11.h>

#include <string>

namespace deepgen::python {
namespace {

namespace py = pybind11;

// "void (char *, int *, T *)" as Cython writes it: its name of the type is
// __pyx_t_..._cython_lapack_s (float) or _d (double), which depends on where it was compiled.
std::string plain_signature(std::string signature) {
    const std::string begin = "__pyx_t_";
    for (std::size_t at = signature.find(begin); at != std::string::npos;
         at = signature.find(begin)) {
        const std::size_t end = signature.find(' ', at);
        const std::string name = signature.substr(at, end - at);
        signature.replace(at, end - at,
                          name.ends_with("_s")   ? "float"
                          : name.ends_with("_d") ? "double"
                                                 : "unknown");
    }
    return signature;
}

template <class Function>
Function *routine(const py::dict &routines, const std::string &name, const std::string &wanted) {
    require(routines.contains(name.c_str()), "SciPy's LAPACK has no routine ", name);
    const auto capsule = py::reinterpret_borrow<py::capsule>(routines[name.c_str()]);
    const std::string signature = plain_signature(capsule.name() ? capsule.name() : "");
    require(signature == wanted, "SciPy's LAPACK has ", name, " as ", signature, ", wanted is ",
            wanted);
    return reinterpret_cast<Function *>(capsule.get_pointer());
}

} // namespace

template <class T>
Lapack<T> scipy_lapack() {
    const auto routines =
        py::module_::import("scipy.linalg.cython_lapack").attr("__pyx_capi__").cast<py::dict>();
    const std::string letter = sizeof(T) == sizeof(float) ? "s" : "d";
    const std::string number = sizeof(T) == sizeof(float) ? "float *" : "double *";
    const std::string triangle = "void (char *, int *, " + number + ", int *, int *)";
    const std::string eigen = "void (char *, char *, int *, " + number + ", int *, " + number +
                              ", " + number + ", int *, int *, int *, int *)";
    using Table = Lapack<T>;
    return {.potrf = routine<typename Table::Triangle>(routines, letter + "potrf", triangle),
            .potri = routine<typename Table::Triangle>(routines, letter + "potri", triangle),
            .syevd = routine<typename Table::Eigen>(routines, letter + "syevd", eigen)};
}

template Lapack<float> scipy_lapack<float>();
template Lapack<double> scipy_lapack<double>();

} // namespace deepgen::python
