"""Loading: an estimator for tables from an MLP's file."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from deepgen.preprocessing import TableEncoder
from deepgen.tabular.classifier import TabularClassifier
from deepgen.tabular.plan import Plan
from deepgen.tabular.regressor import TabularRegressor

__all__ = ["restore_tabular"]


def restore_tabular(data: dict[str, Any], mlp: Any) -> TabularRegressor | TabularClassifier:
    """Return the estimator for tables of a file's description.

    Parameters
    ----------
    data : dict
        Data saved with the MLP.
    mlp : MLPRegressor or MLPClassifier
        MLP from the same file.

    Returns
    -------
    model : TabularRegressor or TabularClassifier
        The estimator in its saved state.

    Raises
    ------
    ValueError
        If its parts are unknown or inconsistent.
    """
    model: Any = TabularClassifier() if is_classifier(mlp) else TabularRegressor()
    strange = sorted(set(data["parameters"]) - set(model.get_params(deep=False)))
    if strange:
        raise ValueError(f"{type(model).__name__} has no parameter '{strange[0]}'")
    vars(model).update(data["parameters"])
    encoder = TableEncoder.from_data(data["encoder"])
    n_encoded = len(encoder.feature_columns_)
    mean = data["encoded_mean"]
    if not n_encoded == mlp.n_features_in_ == len(mean) or mean.dtype != np.float64:
        raise ValueError(
            f"its columns make {n_encoded} features, its network takes {mlp.n_features_in_}, and "
            f"{len(mean)} have a mean"
        )
    plan = data["plan"]
    model._keep(
        encoder,
        mlp,
        Plan(plan["preset"], model._task, plan["n_rows"], plan["encoder"], plan["network"]),
    )
    model.encoded_mean_ = mean
    if data["summary"] is not None:
        model.summary_ = str(data["summary"])
    fitted: TabularRegressor | TabularClassifier = model
    return fitted
