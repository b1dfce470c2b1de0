"""The loader: whatever model a file holds.

Reading a file runs no code that it brings, unlike a pickle. What is checked: the digest, so that a
file that was cut short or altered is refused, and that the parts fit together.
"""

from __future__ import annotations

import os
from typing import Any

from deepgen._serialization.file_format import read_content, unpack
from deepgen._serialization.plain_data import Reader
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.estimators.loading import restore_estimator
from deepgen.preprocessing.encoder import SECTION, TableEncoder
from deepgen.tables import TableModel
from deepgen.tabular import TabularClassifier, TabularRegressor
from deepgen.tabular.loading import restore_tabular
from deepgen.tabular.saving import SECTION as TABULAR

__all__ = ["load"]

ESTIMATOR = ("estimator", "parameters", "attributes", "members")
"""The sections of a file that make an estimator; another one makes a model around it."""

Model = (
    MLPRegressor | MLPClassifier | TabularRegressor | TabularClassifier | TableModel | TableEncoder
)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that ``model.save(path)`` or ``deepgen fit`` has written.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier, TableModel or \
TableEncoder
        What was saved; a ``TableModel``, which knows its target, from ``deepgen fit``. It
        predicts the same bits; with ``warm_start=True`` or after ``partial_fit`` training of an
        estimator goes on as if there had been no break.

    Raises
    ------
    ValueError
        If it is no such file, was cut short or altered, or was written by a version of this
        package that is too new. The message names the file.

    Notes
    -----
    Loading runs no code from the file, so a file from a stranger can give a bad model but do no
    other harm.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import deepgen
    >>> model = deepgen.MLPRegressor(solver="lbfgs", tol=1.0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "model.dgn")
    ...     model.save(file)
    ...     again = deepgen.load(file)
    >>> bool((again.predict([[0.5]]) == model.predict([[0.5]])).all())
    True
    """
    try:
        with open(path, "rb") as file:
            content = read_content(file)
        description, tensors = unpack(content)
        return _restore(description, Reader(tensors))
    except OSError:
        raise
    except RecursionError:
        raise ValueError(f"cannot load '{os.fspath(path)}': it is nested too deeply") from None
    except Exception as error:
        # Whatever else a file from a stranger makes go wrong is the file's fault.
        problem = error if isinstance(error, ValueError) else f"it is malformed ({error!r})"
        raise ValueError(f"cannot load '{os.fspath(path)}': {problem}") from error


def _restore(description: dict[str, Any], reader: Reader) -> Model:
    """Return the estimator that a file describes, the model around it, or an encoder by itself.

    Raises
    ------
    ValueError
        If they are unknown or do not fit together.
    """
    if list(description) == [SECTION]:
        return TableEncoder.from_data(reader.read(description[SECTION]))
    strange = [
        name for name in description if name not in (*ESTIMATOR, TABULAR, TableModel.SECTION)
    ]
    if strange:
        raise ValueError(f"it has an unknown section '{strange[0]}'")
    if TableModel.SECTION in description and TABULAR not in description:
        raise ValueError(
            "an earlier version of 'deepgen fit' has written it, whose columns this one does not "
            "know: fit again"
        )
    estimator = restore_estimator(description, reader)
    if TABULAR not in description:
        return estimator
    model = restore_tabular(reader.read(description[TABULAR]), estimator)
    if TableModel.SECTION not in description:
        return model
    return TableModel.from_data(description[TableModel.SECTION], model)
