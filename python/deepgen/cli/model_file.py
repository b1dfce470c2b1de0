"""The model file argument of commands."""

from __future__ import annotations

from typing import Any

from deepgen._loading import load
from deepgen.tables import TableModel

__all__ = ["load_model", "load_table_model"]


def load_model(path: str) -> Any:
    """Read a model that was saved by a command or from Python.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    model : TableModel or estimator
        Model read by `deepgen.load`.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        return load(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None


def load_table_model(path: str) -> TableModel:
    """Read a model written by ``deepgen fit``.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    model : TableModel
        Model read by `deepgen.load`.

    Raises
    ------
    ValueError
        If it cannot be read, or contains an estimator that no command has fitted.
    """
    model = load_model(path)
    if not isinstance(model, TableModel):
        raise ValueError(
            f"{path} contains a {type(model).__name__} without a target: it was saved "
            "from Python, not by 'deepgen fit'; use deepgen.load"
        )
    return model
