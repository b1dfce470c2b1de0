"""Training and prediction on a Dask cluster, on arrays and frames that lie on its workers.

It needs the extra ``dask``: ``pip install 'deepgen[dask]'``.
"""

from __future__ import annotations

from deepgen.dask.classifier import DaskMLPClassifier
from deepgen.dask.regressor import DaskMLPRegressor

__all__ = ["DaskMLPClassifier", "DaskMLPRegressor"]
