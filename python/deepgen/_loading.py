"""Loading of all kinds of models from files.

Unlike with a pickle, reading a file runs no code from it. The digest shows whether a file was cut
short or altered; after it, the parts are checked for consistency.
"""

from __future__ import annotations

import os
from typing import Any

from deepgen._serialization.file_format import read_content, unpack
from deepgen._serialization.plain_data import Reader
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.estimators.loading import restore_estimator
from deepgen.preprocessing.encoder import SECTION, TableEncoder
from deepgen.pretraining import SCARF, VIME, DenoisingAutoencoder, PretextTransformer
from deepgen.pretraining.saving import SECTION as PRETRAINING
from deepgen.pretraining.saving import restore_attributes
from deepgen.tables import TableModel
from deepgen.tabular import TabularClassifier, TabularRegressor
from deepgen.tabular.loading import restore_tabular
from deepgen.tabular.saving import SECTION as TABULAR

__all__ = ["load"]

ESTIMATOR = ("estimator", "parameters", "attributes", "members")
"""Sections of a file that describe an estimator; a further one describes a model around it."""

TRANSFORMERS = {kind.__name__: kind for kind in (DenoisingAutoencoder, SCARF, VIME)}

Model = (
    MLPRegressor
    | MLPClassifier
    | TabularRegressor
    | TabularClassifier
    | TableModel
    | TableEncoder
    | PretextTransformer
)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file written by ``model.save(path)`` or ``deepgen fit``.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    Returns
    -------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier, TableModel, \
TableEncoder or PretextTransformer
        The saved model; a ``TableModel``, which contains the name of the target, if ``deepgen fit``
        wrote the file. Its predictions have the same bits; with ``warm_start=True`` or by
        ``partial_fit`` an estimator continues training as if there had been no break.

    Raises
    ------
    ValueError
        If the file is no model file, was cut short or altered, or was written by a version of this
        package that is too new. The message names the file.

    Notes
    -----
    Loading runs no code from the file, so a file from a stranger can contain a bad model but do no
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
        # Any other error while reading an untrusted file means that the file is malformed.
        problem = error if isinstance(error, ValueError) else f"it is malformed ({error!r})"
        raise ValueError(f"cannot load '{os.fspath(path)}': {problem}") from error


def _restore(description: dict[str, Any], reader: Reader) -> Model:
    """Return the estimator of a file, the model around it, or a transformer by itself.

    Raises
    ------
    ValueError
        If the sections are unknown or inconsistent.
    """
    if list(description) == [SECTION]:
        return TableEncoder.from_data(reader.read(description[SECTION]))
    if list(description) == [PRETRAINING]:
        section = description[PRETRAINING]
        kind = TRANSFORMERS.get(section["transformer"])
        if kind is None:
            raise ValueError(f"it holds an unknown transformer '{section['transformer']}'")
        transformer = kind()
        restore_attributes(transformer, section, reader)
        return transformer
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
