"""Encoders of columns: numbers standardised or as normal quantiles, categories one-hot."""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.utils import check_random_state


class NormalQuantiles(QuantileTransformer):
    """Quantile-normal numbers, with the tabular papers' number of quantiles.

    The quantiles are those of slightly noisy values: a value that many rows share is then mapped
    into the middle of its range of quantiles, where the smallest would be five deviations out.
    """

    noise = 1e-5

    def __init__(self, random_state=None):
        super().__init__(output_distribution="normal", subsample=None, random_state=random_state)

    def fit(self, X, y=None):
        """Take the quantiles of the rows."""
        self.n_quantiles = max(min(len(X) // 30, 1000), 10)
        random = check_random_state(self.random_state)
        return super().fit(X + random.normal(scale=self.noise, size=X.shape))


def quantile_normal(split, seed=0):
    """Return the encoder of the tabular papers for a split's columns."""
    return _encoder(split, NormalQuantiles(random_state=seed))


def standard(split):
    """Return the encoder that standardises numbers."""
    return _encoder(split, StandardScaler())


def _encoder(split, numbers):
    categories = OneHotEncoder(sparse_output=False, handle_unknown="ignore", dtype=np.float32)
    return make_column_transformer((numbers, split.numbers), (categories, split.strings))
