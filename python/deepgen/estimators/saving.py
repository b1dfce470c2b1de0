"""Storage: a fitted estimator in one file of plain data.

Reading it runs no code that the file brings, unlike a pickle. What is checked: the digest, so that
a file that was cut short or altered is refused, and that the parts fit together.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._serialization.file_format import pack, unpack
from deepgen._serialization.plain_data import Reader, Unwritable, Writer
from deepgen._user_warnings import warn

if TYPE_CHECKING:
    from deepgen.estimators import MLPClassifier, MLPRegressor

__all__ = ["load", "save"]

ATTRIBUTES = (
    "n_features_in_",
    "feature_names_in_",
    "n_iter_",
    "network_",
    "_training_state",
    "_targets",
)
MEMBERS = "_members"
# What scikit-learn keeps in an estimator that is no part of the model: callbacks, requests of
# metadata, the container of outputs.
PASSING = re.compile(r"_skl_|_callback|_parent_callback|_metadata_request|_sklearn_")


def estimators() -> dict[str, Any]:
    """Return the classes that a file may hold.

    Returns
    -------
    classes : dict of str to type
        Estimators by name.
    """
    from deepgen.estimators import MLPClassifier, MLPRegressor

    return {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def save(model: MLPRegressor | MLPClassifier, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator into a file.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Fitted; neither a subclass nor a meta-estimator.
    path : str or path-like
        The file; one that is there is replaced at once or, if writing fails, not at all.

    Raises
    ------
    TypeError
        If it is no estimator of this package, or its labels cannot be written as data.

    Warns
    -----
    UserWarning
        If a constructor parameter or an attribute cannot be written as data, such as a callable:
        the file then lacks it, and a parameter will have its default.

    Notes
    -----
    The file holds constructor parameters, weights, classes, scaling of targets, feature names and
    history and, with ``warm_start=True`` or after ``partial_fit``, what training needs to go on to
    the bit. Callbacks and requests of metadata are not part of the model.
    """
    from sklearn.utils.validation import check_is_fitted

    kind = type(model)
    if kind is not estimators().get(kind.__name__):
        known = " and ".join(sorted(estimators()))
        raise TypeError(f"only {known} can be saved, got {kind.__name__}")
    check_is_fitted(model)
    writer = Writer()
    description = describe(model, writer, os.fspath(path))
    replace_file(Path(os.path.realpath(path)), pack(description, writer.tensors))


def describe(model: Any, writer: Writer, path: str) -> dict[str, Any]:
    """Return an estimator, and its members if it has several, as plain data.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        Fitted.
    writer : Writer
        Takes the arrays.
    path : str
        The file, for messages.

    Returns
    -------
    description : dict
        What JSON can hold.

    Warns
    -----
    UserWarning
        If something is left out.
    """
    parameters = model.get_params(deep=False)
    written = {}
    for name, value in parameters.items():
        try:
            written[name] = writer.write(value, name)
        except Unwritable as error:
            warn(
                f"the parameter {name} is left out of '{path}' and will have its default in the "
                f"loaded model: {error}"
            )
    own = vars(model)
    kind = type(model).__name__
    for name in own:
        if name not in (*parameters, *ATTRIBUTES, MEMBERS) and not PASSING.match(name):
            warn(f"the attribute {name} is left out of '{path}': it is not one of a fitted {kind}")
    return {
        "estimator": kind,
        "parameters": written,
        "attributes": {n: writer.write(own[n], n) for n in ATTRIBUTES if n in own},
        "members": [describe(member, writer, path) for member in own.get(MEMBERS, [])],
    }


def load(path: str | os.PathLike[str]) -> MLPRegressor | MLPClassifier:
    """Read an estimator that ``model.save(path)`` has written.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        Predicts the same bits; with ``warm_start=True`` or after ``partial_fit`` training goes on
        as if there had been no break.

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
    content = Path(path).read_bytes()
    try:
        description, tensors = unpack(content)
        return restore(description, Reader(tensors))
    except RecursionError:
        raise ValueError(f"cannot load '{os.fspath(path)}': it is nested too deeply") from None
    except Exception as error:
        # Whatever else a file from a stranger makes go wrong is the file's fault.
        problem = error if isinstance(error, ValueError) else f"it is malformed ({error!r})"
        raise ValueError(f"cannot load '{os.fspath(path)}': {problem}") from error


def restore(description: dict[str, Any], reader: Reader) -> MLPRegressor | MLPClassifier:
    """Return the estimator that a file describes.

    Parameters
    ----------
    description : dict
        Plain data.
    reader : Reader
        Turns them into values.

    Returns
    -------
    model : MLPRegressor or MLPClassifier
        Fitted.

    Raises
    ------
    ValueError
        If its parts are unknown or do not fit together.
    """
    kind = estimators().get(description["estimator"])
    if kind is None:
        raise ValueError(f"it holds an unknown estimator '{description['estimator']}'")
    strange = [name for name in description["attributes"] if name not in ATTRIBUTES]
    if strange:
        raise ValueError(f"it has an unknown attribute '{strange[0]}'")
    model = kind()
    parameters = {key: reader.read(value) for key, value in description["parameters"].items()}
    strange = sorted(set(parameters) - set(model.get_params(deep=False)))
    if strange:
        raise ValueError(f"{kind.__name__} has no parameter '{strange[0]}'")
    attributes = {key: reader.read(value) for key, value in description["attributes"].items()}
    model.__dict__.update(parameters, **attributes)
    members = [restore(member, reader) for member in description.get("members", [])]
    if members:
        if {(type(m), m.n_features_in_) for m in members} != {(kind, model.n_features_in_)}:
            raise ValueError("its members do not fit together")
        model.__dict__[MEMBERS] = members
    else:
        check_parts(model)
    fitted: MLPRegressor | MLPClassifier = model
    return fitted


def check_parts(model: Any) -> None:
    """Refuse an estimator whose parts do not fit together.

    Parameters
    ----------
    model : MLPRegressor or MLPClassifier
        As the file has it.

    Raises
    ------
    ValueError
        If they do not.
    """
    network, targets, state = model.network_, model._targets, model._training_state
    n_inputs, n_outputs = network.core.spec.n_inputs, network.core.spec.layers[-1].width
    if model.n_features_in_ != n_inputs or targets.n_outputs != n_outputs:
        raise ValueError(
            f"its network takes {n_inputs} features and gives {n_outputs} outputs, the estimator "
            f"{model.n_features_in_} and {targets.n_outputs}"
        )
    names = getattr(model, "feature_names_in_", None)
    if names is not None and names.shape != (n_inputs,):
        raise ValueError(f"it has {names.shape} names of {n_inputs} features")
    kept = [what for what in (state.resume_weights, state.prediction_weights) if what is not None]
    for entry in state.averaging_state.values():
        # One vector of weights, or several.
        kept.extend([] if isinstance(entry, int) else [entry] if entry.ndim == 1 else entry)
    if any(weights.shape != network.parameters.shape for weights in kept):
        raise ValueError("the weights that training goes on from do not fit the network")
    # One sample shows that the way from features to predictions is whole.
    compute = network.means if targets.linked else network.outputs
    with np.errstate(all="ignore"):
        targets.decode(compute(np.zeros((1, n_inputs), dtype=network.dtype)))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file such that it is never seen half written.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        All of it.

    Raises
    ------
    FileNotFoundError
        If its folder is not there.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(path.parent))
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
