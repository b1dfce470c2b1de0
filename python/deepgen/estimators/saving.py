"""Saving: a fitted estimator as plain data in one file."""

from __future__ import annotations

import os
import re
from typing import Any

from sklearn.utils.validation import check_is_fitted

from deepgen._replace_file import replace_file
from deepgen._serialization.file_format import pack
from deepgen._serialization.plain_data import Unwritable, Writer
from deepgen._user_warnings import warn

__all__ = ["ATTRIBUTES", "MEMBERS", "save", "write_parameters"]

ATTRIBUTES = (
    "n_features_in_",
    "feature_names_in_",
    "n_iter_",
    "network_",
    "_training_state",
    "_targets",
)
MEMBERS = "_members"
# Attributes of scikit-learn that are no part of the model: callbacks, metadata requests, the
# container of outputs.
PASSING = re.compile(r"_skl_|_callback|_parent_callback|_metadata_request|_sklearn_")


def save(
    model: Any,
    path: str | os.PathLike[str],
    sections: dict[str, dict[str, Any]] | None = None,
    values: dict[str, Any] | None = None,
) -> None:
    """Write a fitted estimator to a file; an existing file is replaced in one step or kept.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Estimator, neither of a subclass nor a meta-estimator.
    path : str or path-like
        Path of the file.
    sections : dict of str to dict, optional
        Data of a model around the estimator, JSON-compatible, by the name under which the loader of
        that model finds them.
    values : dict of str to object, optional
        The same for values that have yet to be turned into what JSON can hold.

    Raises
    ------
    TypeError
        If it is no estimator of this package, or its labels cannot be written as data.

    Warns
    -----
    UserWarning
        If a constructor parameter or an attribute cannot be written as data, such as a callable:
        the file lacks it, and the loaded parameter has its default.
    """
    kind = type(model)
    # The file contains the name of the class, which must be enough to find it again.
    if not kind.__module__.startswith("deepgen.estimators."):
        raise TypeError(f"only MLPClassifier and MLPRegressor can be saved, got {kind.__name__}")
    check_is_fitted(model)
    writer = Writer()
    description = {**_describe(model, writer, os.fspath(path)), **(sections or {})}
    description |= {name: writer.write(value, name) for name, value in (values or {}).items()}
    replace_file(path, pack(description, writer.tensors))


def write_parameters(model: Any, writer: Writer, path: str) -> dict[str, Any]:
    """Return constructor parameters as plain data; warn of those that cannot be written.

    Parameters
    ----------
    model : estimator
        Estimator with scikit-learn's interface.
    writer : Writer
        Converts values to plain data.
    path : str
        Path of the file, for messages.

    Returns
    -------
    parameters : dict
        Plain data by name.
    """
    written = {}
    for name, value in model.get_params(deep=False).items():
        try:
            written[name] = writer.write(value, name)
        except Unwritable as error:
            warn(
                f"the parameter {name} is left out of '{path}' and will have its default in the "
                f"loaded model: {error}"
            )
    return written


def _describe(model: Any, writer: Writer, path: str) -> dict[str, Any]:
    """Return an estimator, and its members if there are several, as plain data."""
    parameters = write_parameters(model, writer, path)
    own, named = vars(model), model.get_params(deep=False)
    kind = type(model).__name__
    for name in own:
        if name not in (*named, *ATTRIBUTES, MEMBERS) and not PASSING.match(name):
            warn(f"the attribute {name} is left out of '{path}': it is not one of a fitted {kind}")
    return {
        "estimator": kind,
        "parameters": parameters,
        "attributes": {n: writer.write(own[n], n) for n in ATTRIBUTES if n in own},
        "members": [_describe(member, writer, path) for member in own.get(MEMBERS, [])],
    }
