"""Attributions of predictions to the columns of a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen.probe.attributions import Attributions
from deepgen.probe.feature_attributions import feature_attributions

__all__ = ["attribute", "by_columns"]


def by_columns(attributions: Attributions, encoder: Any) -> Attributions:
    """Sum the contributions of encoded features over each column's.

    Parameters
    ----------
    attributions : Attributions
        Contributions of the encoder's features.
    encoder : TableEncoder
        Fitted encoder.

    Returns
    -------
    attributions : Attributions
        Contributions of its columns, 0 for dropped ones.
    """
    names = tuple(getattr(encoder, "feature_names_in_", range(encoder.n_features_in_)))
    features = attributions.values
    values = np.zeros((len(features), len(names), *features.shape[2:]))
    for place, added in zip(encoder.feature_columns_, np.moveaxis(features, 1, 0), strict=True):
        values[:, place] += added
    return replace(attributions, columns=names, values=values)


def attribute(model: Any, encoded: AnyArray) -> Attributions:
    """Attribute predictions to the columns of a table, to first order.

    Parameters
    ----------
    model : BaseTabular
        Fitted estimator.
    encoded : ndarray of shape (n_samples, n_encoded)
        Rows encoded by its encoder.

    Returns
    -------
    attributions : Attributions
        Contributions of each row and column, from the mean encoded training row.

    Raises
    ------
    ValueError
        If several quantiles are predicted, or categories embedded.
    """
    rows = encoded.astype(np.float64)
    return by_columns(feature_attributions(model.mlp_, rows, model.encoded_mean_), model.encoder_)
