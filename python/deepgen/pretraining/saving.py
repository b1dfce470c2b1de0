"""Files of transformers: a fitted one as plain data, and back."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from deepgen._network.network import Network
from deepgen._replace_file import replace_file
from deepgen._serialization.file_format import pack
from deepgen._serialization.plain_data import Reader, Writer
from deepgen.estimators.saving import write_parameters

__all__ = ["SECTION", "restore_attributes", "save_transformer"]

SECTION = "pretraining"
"""Section of a file with a transformer."""

ATTRIBUTES = (
    *("n_features_in_", "feature_names_in_", "network_", "history_", "n_iter_", "loss_"),
    "_n_layers",
)


def save_transformer(transformer: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted transformer to a file.

    Parameters
    ----------
    transformer : PretextTransformer
        Transformer, not of a subclass of the user's.
    path : str or path-like
        Path of the file.

    Raises
    ------
    TypeError
        If it is none of this package.
    """
    kind = type(transformer)
    if not kind.__module__.startswith("deepgen.pretraining."):
        raise TypeError(f"only transformers of deepgen.pretraining are saved, got {kind.__name__}")
    check_is_fitted(transformer)
    writer, own = Writer(), vars(transformer)
    section = {
        "transformer": kind.__name__,
        "parameters": write_parameters(transformer, writer, os.fspath(path)),
        "attributes": {name: writer.write(own[name], name) for name in ATTRIBUTES if name in own},
    }
    replace_file(path, pack({SECTION: section}, writer.tensors))


def restore_attributes(transformer: Any, section: dict[str, Any], reader: Reader) -> None:
    """Set parameters and fitted attributes from a file, after a check.

    Parameters
    ----------
    transformer : PretextTransformer
        New transformer of the class that the section names.
    section : dict
        Plain data.
    reader : Reader
        Converts plain data to values.

    Raises
    ------
    ValueError
        If the parts are unknown or inconsistent.
    """
    parameters = {key: reader.read(value) for key, value in section["parameters"].items()}
    attributes = {key: reader.read(value) for key, value in section["attributes"].items()}
    kind = type(transformer).__name__
    strange = [name for name in parameters if name not in transformer.get_params(deep=False)]
    strange += [name for name in attributes if name not in ATTRIBUTES]
    if strange:
        raise ValueError(f"{kind} has no parameter or attribute '{strange[0]}'")
    for name in ATTRIBUTES:
        if name not in attributes and name != "feature_names_in_":
            raise ValueError(f"it lacks '{name}'")
    history = attributes["history_"]
    for name, fits in (
        ("loss_", type(attributes["loss_"]) is float),
        ("n_iter_", type(attributes["n_iter_"]) is int),
        ("history_", type(history) is dict and isinstance(history.get("loss"), np.ndarray)),
    ):
        if not fits:
            raise ValueError(f"its {name} is none of a training")
    network, n_layers = attributes["network_"], attributes["_n_layers"]
    if type(network) is not Network or type(n_layers) is not int:
        raise ValueError("its network is none")
    if not 0 < n_layers < network.n_layers:
        raise ValueError(f"its encoder has {n_layers} of the {network.n_layers} layers")
    n_inputs = network.core.spec.n_inputs
    names = attributes.get("feature_names_in_")
    if attributes["n_features_in_"] != n_inputs or (
        names is not None and names.shape != (n_inputs,)
    ):
        raise ValueError(
            f"its network takes {n_inputs} features, the transformer {attributes['n_features_in_']}"
        )
    vars(transformer).update(parameters, **attributes)
