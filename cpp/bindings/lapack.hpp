// LAPACK as SciPy has it.

#pragma once

#include "engine/core/lapack.hpp"

namespace deepgen::python {

// The routines that `scipy.linalg.cython_lapack` exports for this type; SciPy is imported when this
// is first called. Refuses those of another signature. The GIL is held.
template <class T>
[[nodiscard]] Lapack<T> scipy_lapack();

} // namespace deepgen::python
