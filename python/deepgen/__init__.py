"""Dense neural networks: a fast C++ engine behind the scikit-learn interface.

``TabularRegressor`` and ``TabularClassifier`` fit raw tables; ``MLPRegressor`` and
``MLPClassifier`` replace scikit-learn's classes of these names; ``Probe`` measures fitted networks.
``ParquetRows`` are rows in files for their ``fit``. All, and scikit-learn with them, are imported
on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepgen._display.history import plot_history
    from deepgen._loading import load
    from deepgen._parquet import ParquetRows
    from deepgen.estimators import MLPClassifier, MLPRegressor
    from deepgen.probe import Probe
    from deepgen.tabular import TabularClassifier, TabularRegressor

__version__ = "0.1.0"

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "ParquetRows",
    "Probe",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
    "load",
    "plot_history",
]


def __getattr__(name: str) -> Any:
    if name in ("MLPClassifier", "MLPRegressor"):
        from deepgen import estimators

        return getattr(estimators, name)
    if name in ("TabularClassifier", "TabularRegressor"):
        from deepgen import tabular

        return getattr(tabular, name)
    if name == "ParquetRows":
        from deepgen._parquet import ParquetRows

        return ParquetRows
    if name == "Probe":
        from deepgen.probe import Probe

        return Probe
    if name == "load":
        from deepgen._loading import load

        return load
    if name == "plot_history":
        from deepgen._display.history import plot_history

        return plot_history
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
