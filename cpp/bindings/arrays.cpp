// The checks that turn NumPy arrays into views.

#include "bindings/arrays.hpp"

#include <algorithm>
#include <cmath>
#include <omp.h>

namespace deepgen::python {

py::array_t<double> finite_vector_of(const char *name, const py::handle &object, Index size) {
    auto array = vector_of<double>(name, object, size);
    const double *const entries = array.data();
    for (Index i = 0; i < size; ++i)
        require(std::isfinite(entries[i]), name, " must be finite, entry ", i, " is ", entries[i]);
    return array;
}

py::array_t<double> finite_matrix_of(const char *name, const py::handle &object, Index n_columns) {
    auto array = array_of<double>(name, object, 2);
    require(array.shape(1) == n_columns, name, " has vectors of ", array.shape(1), " numbers, ",
            n_columns, " are wanted");
    const double *const entries = array.data();
    const double *const end = entries + array.size();
    const double *const found =
        std::find_if_not(entries, end, [](double entry) { return std::isfinite(entry); });
    const bool single = array.shape(0) == 1;
    const Index i = found - entries;
    require(found == end, name, " must be finite, entry ", i % std::max<Index>(n_columns, 1),
            single ? "" : " of vector ",
            single ? "" : std::to_string(i / std::max<Index>(n_columns, 1)), " is ",
            found == end ? 0.0 : *found);
    return array;
}

py::array_t<double> writable_matrix_of(const char *name, const py::handle &object, Index n_rows,
                                       Index n_columns) {
    auto array = array_of<double>(name, object, 2);
    require(array.shape(0) == n_rows && array.shape(1) == n_columns, name, " has shape (",
            array.shape(0), ", ", array.shape(1), "), (", n_rows, ", ", n_columns, ") is wanted");
    require(array.writeable(), name, " is read-only, and is to be written");
    return array;
}

SparseRows::SparseRows(py::array data_, const py::handle &indices_, const py::handle &indptr_,
                       Index n_columns_)
    : data(std::move(data_)), indices(array_of<std::int32_t>("indices", indices_, 1)),
      indptr(array_of<std::int64_t>("indptr", indptr_, 1)), n_rows(indptr.shape(0) - 1),
      n_columns(n_columns_) {
    require(n_columns >= 1, "n_columns must be at least 1, got ", n_columns);
    require(n_rows >= 0, "indptr must have at least one entry, got none");
    require(data.ndim() == 1 && data.shape(0) == indices.shape(0),
            "data and indices must be of one length, got ", data.size(), " and ", indices.size());
    const std::int64_t *const starts = indptr.data();
    const std::int32_t *const columns = indices.data();
    require(starts[0] == 0 && starts[n_rows] == indices.shape(0), "indptr must run from 0 to ",
            indices.shape(0), ", got ", starts[0], " to ", starts[n_rows]);
    for (Index row = 0; row < n_rows; ++row) {
        require(starts[row] <= starts[row + 1] && starts[row + 1] <= indices.shape(0),
                "indptr must not fall, row ", row, " runs from ", starts[row], " to ",
                starts[row + 1]);
        for (std::int64_t i = starts[row]; i < starts[row + 1]; ++i) {
            require(columns[i] >= 0 && columns[i] < n_columns, "row ", row, " has column ",
                    columns[i], ", the matrix has ", n_columns);
            require(i == starts[row] || columns[i - 1] < columns[i], "row ", row,
                    ": column numbers must rise without repeats");
        }
    }
}

template <class T>
HeldInputs<T>::HeldInputs(const py::handle &X, Index n_inputs) {
    if (py::isinstance<SparseRows>(X)) {
        const auto &sparse = X.cast<const SparseRows &>();
        const auto data = array_of<T>("data of X", sparse.data, 1);
        owner = py::reinterpret_borrow<py::object>(X);
        view = {.n_rows = sparse.n_rows,
                .n_columns = sparse.n_columns,
                .dense = nullptr,
                .starts = sparse.indptr.data(),
                .indices = sparse.indices.data(),
                .values = data.data()};
    } else {
        const auto dense = array_of<T>("X", X, 2);
        owner = dense;
        view = {.n_rows = dense.shape(0), .n_columns = dense.shape(1), .dense = dense.data()};
    }
    require(view.n_columns == n_inputs, "X has ", view.n_columns, " columns, the network expects ",
            n_inputs);
}

template <class T>
HeldTargets<T>::HeldTargets(const py::handle &y, const py::handle &weights, Index n_rows,
                            const Network<T> &network)
    : HeldTargets(weights, n_rows) {
    view.n_targets = network.n_targets();
    if (network.takes_classes()) {
        const auto classes = vector_of<std::int32_t>("y", y, n_rows);
        for (Index i = 0; i < n_rows; ++i)
            require(classes.data()[i] >= 0 && classes.data()[i] < network.n_outputs(),
                    "y has class ", classes.data()[i], ", the network knows 0 to ",
                    network.n_outputs() - 1);
        owner = classes;
        view.classes = classes.data();
    } else {
        const auto values = array_of<T>("y", y, 2);
        require(values.shape(0) == n_rows, "y has ", values.shape(0), " rows, X has ", n_rows);
        require(values.shape(1) == view.n_targets, "y has ", values.shape(1),
                " columns, the network expects ", view.n_targets);
        owner = values;
        view.values = values.data();
    }
}

template <class T>
HeldTargets<T>::HeldTargets(const py::handle &weights, Index n_rows)
    : owner(py::none()), weights_owner(py::none()), view{0} {
    if (!weights.is_none()) {
        const auto array = vector_of<T>("weights", weights, n_rows);
        for (Index i = 0; i < n_rows; ++i)
            require(array.data()[i] >= 0 && std::isfinite(array.data()[i]),
                    "weights must be finite and not negative, got ", array.data()[i]);
        weights_owner = array;
        view.weights = array.data();
    }
}

HeldSelection::HeldSelection(const py::handle &rows, Index n_rows)
    : owner(py::none()), view{n_rows, nullptr} {
    if (rows.is_none())
        return;
    const auto array = array_of<std::int64_t>("rows", rows, 1);
    for (Index i = 0; i < array.shape(0); ++i)
        require(array.data()[i] >= 0 && array.data()[i] < n_rows, "rows has ", array.data()[i],
                ", X has rows 0 to ", n_rows - 1);
    owner = array;
    view = {array.shape(0), array.data()};
}

Index checked_threads(Index n_threads) {
    require(n_threads >= 1, "n_threads must be at least 1, got ", n_threads);
    constexpr Index always_allowed = 8;
    return std::min(n_threads, std::max<Index>(always_allowed, omp_get_num_procs()));
}

template struct HeldInputs<float>;
template struct HeldInputs<double>;
template struct HeldTargets<float>;
template struct HeldTargets<double>;

} // namespace deepgen::python
