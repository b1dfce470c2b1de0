"""The encoder and the MLP of what users export."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from deepgen.preprocessing import TableEncoder
from deepgen.tables import TableModel
from deepgen.tabular import TabularClassifier, TabularRegressor

__all__ = ["parts_of"]


def parts_of(model: Any) -> tuple[TableEncoder | None, Any]:
    """Return the encoder of a fitted model, None without one, and its MLP."""
    if isinstance(model, TableModel):
        model = model.estimator
    if not isinstance(model, TabularClassifier | TabularRegressor):
        return None, model
    check_is_fitted(model)
    return model.encoder_, model.mlp_
