"""The model file that commands take."""

from __future__ import annotations

from deepgen._loading import load
from deepgen.tables import TableModel

__all__ = ["load_table_model"]


def load_table_model(path: str) -> TableModel:
    """Read a model that ``deepgen fit`` has written.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    model : TableModel
        From `deepgen.load`.

    Raises
    ------
    ValueError
        If it cannot be read, or holds an estimator that no command has fitted.
    """
    try:
        model = load(path)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from None
    if not isinstance(model, TableModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__} that knows no target: it was saved from "
            "Python, not by 'deepgen fit'; use deepgen.load"
        )
    return model
