// NumPy arrays become views here and nowhere else: type, order, alignment, shape and range are
// checked, and the messages name the argument, what came and what was wanted.

#pragma once

#include "bindings/filled.hpp"
#include "engine/network/network.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace deepgen::python {

namespace py = pybind11;

template <class T>
[[nodiscard]] const char *type_name() {
    if constexpr (std::is_same_v<T, float>)
        return "float32";
    else if constexpr (std::is_same_v<T, double>)
        return "float64";
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return "int32";
    else
        return "int64";
}

// A C-contiguous, aligned array of T; never a converted copy.
template <class T>
[[nodiscard]] py::array_t<T> array_of(const char *name, const py::handle &object,
                                      Index n_dimensions) {
    if (!py::isinstance<py::array>(object))
        throw py::type_error(std::string(name) + " must be a NumPy array, got " +
                             std::string(py::str(py::type::handle_of(object).attr("__name__"))));
    const auto array = py::reinterpret_borrow<py::array>(object);
    if (!array.dtype().is(py::dtype::of<T>()) && !array.dtype().equal(py::dtype::of<T>()))
        throw py::type_error(std::string(name) + " must be " + type_name<T>() + ", got " +
                             std::string(py::str(array.dtype())));
    require(array.ndim() == n_dimensions, name, " must have ", n_dimensions, " dimensions, got ",
            array.ndim());
    constexpr int wanted =
        py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if ((array.flags() & wanted) != wanted)
        throw py::type_error(std::string(name) + " must be C-contiguous and aligned");
    return py::reinterpret_borrow<py::array_t<T>>(array);
}

template <class T>
[[nodiscard]] py::array_t<T> vector_of(const char *name, const py::handle &object, Index size) {
    auto array = array_of<T>(name, object, 1);
    require(array.shape(0) == size, name, " has ", array.shape(0), " entries, ", size,
            " are wanted");
    return array;
}

template <class T>
[[nodiscard]] py::array_t<T> writable_vector_of(const char *name, const py::handle &object,
                                                Index size) {
    auto array = vector_of<T>(name, object, size);
    require(array.writeable(), name, " is read-only, and is to be written");
    return array;
}

// Numbers that come from the caller's own arithmetic: all must be finite.
[[nodiscard]] py::array_t<double> finite_vector_of(const char *name, const py::handle &object,
                                                   Index size);

[[nodiscard]] py::array_t<double> finite_matrix_of(const char *name, const py::handle &object,
                                                   Index n_columns);

[[nodiscard]] py::array_t<double> writable_matrix_of(const char *name, const py::handle &object,
                                                     Index n_rows, Index n_columns);

// CSR rows that live in NumPy arrays; checked once, here.
struct SparseRows {
    SparseRows(py::array data, const py::handle &indices, const py::handle &indptr,
               Index n_columns);

    py::array data;
    py::array_t<std::int32_t> indices;
    py::array_t<std::int64_t> indptr;
    Index n_rows, n_columns;
};

// X as dense rows or CSR, with what keeps it alive.
template <class T>
struct HeldInputs {
    HeldInputs(const py::handle &X, Index n_inputs);

    py::object owner;
    Inputs<T> view;
};

template <class T>
struct HeldTargets {
    HeldTargets(const py::handle &y, const py::handle &weights, Index n_rows,
                const Network<T> &network);
    // Weights alone.
    HeldTargets(const py::handle &weights, Index n_rows);

    py::object owner, weights_owner;
    TargetsView<T> view;
};

struct HeldSelection {
    HeldSelection(const py::handle &rows, Index n_rows);

    py::object owner;
    Selection view;
};

// A bound on the team. More threads than processors only wait for each other, and a system that
// cannot start them ends the process; a few are let through, so that teams can be tested anywhere.
[[nodiscard]] Index checked_threads(Index n_threads);

} // namespace deepgen::python

DEEPGEN_REJECT_UNINITIALIZED(deepgen::python::SparseRows)
