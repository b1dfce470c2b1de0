"""Saving: an estimator for tables and its MLP as plain data in one file."""

from __future__ import annotations

import os
from typing import Any

from deepgen._serialization.plain_data import Unwritable, Writer
from deepgen._user_warnings import warn
from deepgen.estimators.saving import save

__all__ = ["SECTION", "save_tabular"]

SECTION = "tabular"
"""Section of a file that turns an MLP into an estimator for tables."""


def save_tabular(
    model: Any, path: str | os.PathLike[str], sections: dict[str, dict[str, Any]] | None = None
) -> None:
    """Write a fitted estimator for tables to a file.

    Parameters
    ----------
    model : TabularRegressor or TabularClassifier
        Estimator, not of a subclass.
    path : str or path-like
        Path of the file.
    sections : dict of str to dict, optional
        Further sections of the file, of JSON types.

    Raises
    ------
    TypeError
        If it is no estimator of this package.

    Warns
    -----
    UserWarning
        If a parameter cannot be written as data, such as a callable.
    """
    kind = type(model)
    if not kind.__module__.startswith("deepgen.tabular."):
        raise TypeError(
            f"only TabularRegressor and TabularClassifier can be saved, got {kind.__name__}"
        )
    plan = model.plan_
    data = {
        "parameters": _writable(model.get_params(deep=False), path),
        "plan": {
            "preset": plan.preset,
            "n_rows": plan.n_rows,
            "encoder": plan.encoder,
            "network": _writable(plan.network),
        },
        "encoder": model.encoder_.to_data(),
        "encoded_mean": model.encoded_mean_,
        "summary": vars(model).get("summary_"),
    }
    save(model.mlp_, path, sections, values={SECTION: data})


def _writable(parameters: dict[str, Any], path: Any = None) -> dict[str, Any]:
    """Return the parameters that can be written; with a path, warn of the others."""
    written = {}
    for name, value in parameters.items():
        try:
            Writer().write(value, name)
        except Unwritable as error:
            if path is not None:
                warn(
                    f"the parameter {name} is left out of '{os.fspath(path)}' and will have its "
                    f"default in the loaded model: {error}"
                )
        else:
            written[name] = value
    return written
