"""Real tables with their own splits, read from the folder of shared data."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@dataclass(frozen=True)
class Table:
    """A prepared task: inputs standardised on the training rows, strings one-hot.

    Parameters
    ----------
    X_train, X_test : ndarray of shape (n, n_features), float32
        Inputs.
    y_train, y_test : ndarray of shape (n,)
        Targets in their own units, or class labels.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def is_regression(self):
        """Whether the target is a number and not a label."""
        return self.y_train.dtype.kind == "f"


def california_housing(folder):
    """Eight derived features, target in 100,000 dollars; the split of the tabular papers."""
    raw = pd.read_csv(folder / "california_housing.csv.gz")
    features = pd.DataFrame(
        {
            "median_income": raw.median_income,
            "house_age": raw.housing_median_age,
            "rooms": raw.total_rooms / raw.households,
            "bedrooms": raw.total_bedrooms / raw.households,
            "population": raw.population,
            "occupants": raw.population / raw.households,
            "latitude": raw.latitude,
            "longitude": raw.longitude,
        }
    )
    return _published_split(folder, "california_housing", features, raw.target / 1e5)


def house_16H(folder):
    """The census-house table; the split of the tabular papers."""
    raw = pd.read_csv(folder / "house_16H.csv.gz")
    return _published_split(
        folder, "house_16H", raw.drop(columns="target"), raw.target.astype(float)
    )


def kin8nm(folder):
    """The simulated robot arm; the first of the twenty published UCI splits."""
    raw = pd.read_csv(folder / "uci_kin8nm.csv.gz")
    test = np.load(folder / "uci_test_index.npz")["kin8nm"][0]
    train = np.setdiff1d(np.arange(len(raw)), test)
    return _prepared(raw.drop(columns="target"), raw.target.astype(float), train, test)


def adult(folder):
    """Income above 50,000 dollars; the official split: the first 32,561 rows train."""
    return _head_split(folder, "adult", 32_561)


def letter(folder):
    """Twenty-six capital letters; the official split: the first 16,000 rows train."""
    return _head_split(folder, "letter", 16_000)


def satimage(folder):
    """Six kinds of land; the official split: the first 4,435 rows train."""
    return _head_split(folder, "satimage", 4_435)


def mnist(folder):
    """Handwritten digits, pixels divided by 255; the official split."""
    images = np.load(folder / "mnist.npz")
    X_train, X_test = ((images[name] / 255).astype(np.float32) for name in ("X_train", "X_test"))
    return Table(X_train, images["y_train"], X_test, images["y_test"])


TABLES = {
    loader.__name__: loader
    for loader in (california_housing, house_16H, kin8nm, adult, letter, satimage, mnist)
}


def _published_split(folder, name, features, target):
    # The validation rows are trained on: early stopping draws its own from the training rows.
    splits = np.load(folder / "published_splits.npz")
    train = np.concatenate([splits[f"{name}_train"], splits[f"{name}_val"]])
    return _prepared(features, target, train, splits[f"{name}_test"])


def _head_split(folder, name, n_train):
    raw = pd.read_csv(folder / f"{name}.csv.gz")
    rows = np.arange(len(raw))
    return _prepared(raw.drop(columns="target"), raw.target, rows[:n_train], rows[n_train:])


def _prepared(features, target, train, test):
    strings = [name for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    features = features.assign(**{name: features[name].fillna("missing") for name in strings})
    numbers = [name for name in features if name not in strings]
    transformer = make_column_transformer(
        (StandardScaler(), numbers),
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), strings),
    )
    y = target.to_numpy() if pd.api.types.is_numeric_dtype(target) else target.to_numpy(dtype=str)
    return Table(
        transformer.fit_transform(features.iloc[train]).astype(np.float32),
        y[train],
        transformer.transform(features.iloc[test]).astype(np.float32),
        y[test],
    )
