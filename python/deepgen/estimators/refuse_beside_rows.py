"""What `ParquetRows` do not go together with."""

from __future__ import annotations

from typing import Any

from deepgen._parquet import ParquetRows
from deepgen.optimizers import LBFGS

__all__ = ["refuse_beside_rows", "refuse_rows"]


def refuse_beside_rows(
    model: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    held_out: tuple[Any, Any, Any] = (None, None, None),
    groups: Any = None,
    incremental: bool = False,
    **others: Any,
) -> None:
    """Refuse arguments and parameters that need all rows at once, or arrays beside them.

    Parameters
    ----------
    model : BaseMLP or BaseTabular
        Estimator with constructor parameters.
    y, sample_weight : array-like, default=None
        Targets and weights beside the rows.
    held_out : tuple of array-like
        Validation features, targets and weights.
    groups : array-like, default=None
        Groups of samples.
    incremental : bool, default=False
        Whether the caller is ``partial_fit``.
    **others : dict
        Arguments that go together with rows in files.

    Raises
    ------
    TypeError
        If targets, weights or groups come as arrays.
    ValueError
        If a parameter needs all rows at once.
    """
    if incremental:
        raise TypeError(
            "partial_fit takes the rows of one part as arrays; fit takes ParquetRows, and with "
            "warm_start=True goes on"
        )
    for name, value in (("y", y), ("sample_weight", sample_weight), ("groups", groups)):
        if value is not None:
            why = "its target is a column of the files" if name == "y" else "rows come from files"
            raise TypeError(f"{name} cannot be given beside ParquetRows: {why}")
    solver = getattr(model, "solver", None)
    if solver == "lbfgs" or isinstance(solver, LBFGS):
        raise ValueError(
            "solver='lbfgs' takes all rows in each step, and ParquetRows come in parts; use a "
            "first-order solver such as 'adam'"
        )
    if model.early_stopping and held_out[0] is None:
        raise ValueError(
            "early_stopping=True would hold out a part of ParquetRows, which is not supported: "
            "give X_val and y_val, or set early_stopping=False"
        )
    if solver is None and model.max_time is not None:
        raise ValueError(
            "max_time plans a training by timing arrays, and ParquetRows are in files: give "
            "network={'max_iter': ...} instead"
        )
    if getattr(model, "_skl_callbacks", None):
        raise ValueError("callbacks get X and y as arrays, and ParquetRows are in files")


def refuse_rows(name: str, X: Any) -> None:
    """Refuse rows in files where all are needed: only some would be at hand, with other targets.

    Parameters
    ----------
    name : str
        Name of the argument.
    X : array-like, sparse matrix or ParquetRows
        Features in the user's form.

    Raises
    ------
    TypeError
        If they are in files.
    """
    if isinstance(X, ParquetRows):
        raise TypeError(
            f"{name} must be an array, a data frame, a sparse matrix or a list of rows, got "
            "ParquetRows: read these rows into memory"
        )
