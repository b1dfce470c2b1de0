"""Storage: a fitted estimator in one file of plain data.

The file is a safetensors container: arrays, and a header with a JSON description
of the estimator with a digest of the whole file. Reading it runs no code that the file brings,
unlike a pickle. What is checked: the digest, so that a file that was cut short or altered is
refused, and that the parts fit together. The digest tells accidents, not forgers: who can write the
file can write the digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen.codec import Reader, Unwritable, Writer

if TYPE_CHECKING:
    from deepgen.estimators import MLPClassifier, MLPRegressor

__all__ = ["load", "save"]

FORMAT = 1
ATTRIBUTES = ("n_features_in_", "feature_names_in_", "n_iter_", "network_", "_course", "_targets")
# What scikit-learn keeps in an estimator that is no part of the model: callbacks, requests of
# metadata, the container of outputs.
PASSING = re.compile(r"_skl_|_callback|_parent_callback|_metadata_request|_sklearn_")
KEY = "deepgen"
# The description is a string in the header's JSON, so its quotes are escaped.
DIGEST = re.compile(rb'\\"sha256\\": \\"([0-9a-f]{64})\\"')
NO_DIGEST = "0" * 64


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
    parameters = model.get_params(deep=False)
    written = {}
    for name, value in parameters.items():
        try:
            written[name] = writer.write(value, name)
        except Unwritable as error:
            warnings.warn(
                f"the parameter {name} is left out of '{os.fspath(path)}' and will have its "
                f"default in the loaded model: {error}",
                stacklevel=3,
            )
    own = vars(model)
    for name in own:
        if name not in parameters and name not in ATTRIBUTES and not PASSING.match(name):
            warnings.warn(
                f"the attribute {name} is left out of '{os.fspath(path)}': it is not one of a "
                f"fitted {kind.__name__}",
                stacklevel=3,
            )
    state = {name: writer.write(own[name], name) for name in ATTRIBUTES if name in own}
    description = {"estimator": kind.__name__, "parameters": written, "attributes": state}
    replace_file(Path(os.path.realpath(path)), pack(description, writer.tensors))


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


def pack(description: dict[str, Any], tensors: dict[str, Any]) -> bytes:
    """Return the content of a file.

    Parameters
    ----------
    description : dict
        What JSON can hold.
    tensors : dict of str to ndarray
        The arrays that it mentions.

    Returns
    -------
    content : bytes
        With a digest over all of it, in which the digest's own digits count as zeros.
    """
    from safetensors.numpy import save as pack_tensors

    import deepgen

    about = {"format": FORMAT, "version": deepgen.__version__, "sha256": NO_DIGEST}
    # One string only: of several the container does not keep the order.
    text = json.dumps({**description, **about}, allow_nan=False)
    content = bytearray(pack_tensors(tensors, metadata={KEY: text}))
    place = digits(content)
    content[place] = hashlib.sha256(content).hexdigest().encode()
    return bytes(content)


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a file holds.

    Parameters
    ----------
    content : bytes
        From `pack`, or whatever the file turned out to be.

    Returns
    -------
    description : dict
        Plain data.
    tensors : dict of str to ndarray
        The arrays that they mention.

    Raises
    ------
    ValueError
        If it is no such file, or not what was written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack_tensors

    strings = header(content).get("__metadata__")
    if not isinstance(strings, dict) or KEY not in strings:
        raise ValueError("it is no model of deepgen, or its header is damaged")
    description = json.loads(strings[KEY])
    if description["format"] > FORMAT:
        raise ValueError(
            f"it is of format {description['format']}, written by deepgen "
            f"{description['version']}; this version reads formats up to {FORMAT}: install a "
            "newer one"
        )
    place = digits(content)
    blank = content[: place.start] + NO_DIGEST.encode() + content[place.stop :]
    if hashlib.sha256(blank).hexdigest().encode() != content[place]:
        raise ValueError("it was cut short or altered: its content does not match its digest")
    try:
        tensors = unpack_tensors(content)
    except SafetensorError as error:
        raise ValueError(f"its arrays cannot be read ({error})") from None
    return description, tensors


def header(content: bytes) -> dict[str, Any]:
    """Return the header of a safetensors container.

    Parameters
    ----------
    content : bytes
        Of a file.

    Returns
    -------
    header : dict
        Empty where this is no such container.

    Raises
    ------
    ValueError
        If the file ends within the header.
    """
    size = int.from_bytes(content[:8], "little")
    text = content[8 : 8 + size]
    # Part of a header still shows whose it is.
    if len(text) < size and f'"{KEY}":'.encode() in text:
        raise ValueError(f"it was cut short: it ends within its header, after {len(content)} bytes")
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def digits(content: bytes | bytearray) -> slice:
    """Return where in a file the digits of its digest stand.

    Parameters
    ----------
    content : bytes or bytearray
        Of a file.

    Returns
    -------
    place : slice
        Of 64 bytes.

    Raises
    ------
    ValueError
        If there is no digest, or more than one.
    """
    places = list(DIGEST.finditer(content, 8, 8 + int.from_bytes(content[:8], "little")))
    if len(places) != 1:
        raise ValueError(f"it was altered: it has {len(places)} digests")
    return slice(*places[0].span(1))


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
    network, targets, course = model.network_, model._targets, model._course
    n_inputs, n_outputs = network.core.spec.n_inputs, network.core.spec.layers[-1].width
    if model.n_features_in_ != n_inputs or targets.n_outputs != n_outputs:
        raise ValueError(
            f"its network takes {n_inputs} features and gives {n_outputs} outputs, the estimator "
            f"{model.n_features_in_} and {targets.n_outputs}"
        )
    names = getattr(model, "feature_names_in_", None)
    if names is not None and names.shape != (n_inputs,):
        raise ValueError(f"it has {names.shape} names of {n_inputs} features")
    for what in (course.parameters, course.served):
        if what is not None and what.shape != network.parameters.shape:
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
    """
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
