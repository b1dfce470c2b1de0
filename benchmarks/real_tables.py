"""Real tables with their own splits, read from the folder of shared data."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from encoders import standard
from sklearn.model_selection import train_test_split

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


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


@dataclass(frozen=True)
class Split:
    """A table as it came, and which of its rows are for what.

    Parameters
    ----------
    features : DataFrame
        Numbers, and strings for categories.
    target : ndarray of shape (n,)
        Numbers, or labels as strings.
    train, val, test : ndarray of int
        Rows; no row is in two of them, and none may be for validation.
    """

    features: pd.DataFrame
    target: np.ndarray
    train: np.ndarray
    val: np.ndarray
    test: np.ndarray

    @property
    def is_regression(self):
        """Whether the target is a number and not a label."""
        return self.target.dtype.kind == "f"

    def with_validation(self, share=0.2, seed=0):
        """Return the split with validation rows: its own, or else drawn from the training rows."""
        if len(self.val):
            return self
        labels = None if self.is_regression else self.target[self.train]
        train, val = train_test_split(
            self.train, test_size=share, random_state=seed, stratify=labels
        )
        return replace(self, train=train, val=val)

    def part(self, rows):
        """Return features and targets of some rows."""
        return self.features.iloc[rows], self.target[rows]

    def head(self, n_rows):
        """Return the split with only the first rows of each part."""
        parts = {name: getattr(self, name)[:n_rows] for name in ("train", "val", "test")}
        return replace(self, **parts)

    def score(self, model, rows):
        """Return the RMSE of a fitted model on some rows, the accuracy where there are classes."""
        X, y = self.part(rows)
        predicted = model.predict(X)
        if self.is_regression:
            return float(np.sqrt(np.mean((predicted - y) ** 2)))
        return float(np.mean(predicted == y))

    @property
    def strings(self):
        """Names of the columns of categories."""
        numeric = pd.api.types.is_numeric_dtype
        return [name for name in self.features if not numeric(self.features[name])]

    @property
    def numbers(self):
        """Names of the columns of numbers."""
        strings = self.strings
        return [name for name in self.features if name not in strings]


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
    return _published_split(folder, "house_16H", raw.drop(columns="target"), raw.target)


def diamonds(folder):
    """Prices of diamonds, standardised over all rows; the split of the tabular papers."""
    raw = pd.read_csv(folder / "diamonds.csv.gz")
    target = (raw.target - raw.target.mean()) / raw.target.std(ddof=0)
    return _published_split(folder, "diamonds", raw.drop(columns="target"), target)


def kin8nm(folder):
    """The simulated robot arm; the first of the twenty published UCI splits."""
    return next(uci_splits(folder, "kin8nm"))


def uci_splits(folder, name):
    """Yield the published splits of a UCI table; nine tenths train, none are for validation."""
    raw = pd.read_csv(folder / f"uci_{name}.csv.gz")
    features = raw.drop(columns=["target", "target2"], errors="ignore")
    rows = np.arange(len(raw))
    for test in np.load(folder / "uci_test_index.npz")[name]:
        yield Split(
            features,
            raw.target.to_numpy(dtype=float),
            np.setdiff1d(rows, test),
            rows[:0],
            np.asarray(test),
        )


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


def standardised(split):
    """Return a split with its inputs standardised and its categories one-hot.

    Validation rows are trained on: early stopping draws its own from the training rows.
    """
    encoder = standard(split)
    (X, y), (X_test, y_test) = (
        split.part(rows) for rows in (np.concatenate([split.train, split.val]), split.test)
    )
    X = encoder.fit_transform(X).astype(np.float32)
    return Table(X, y, encoder.transform(X_test).astype(np.float32), y_test)


SPLITS = {
    loader.__name__: loader
    for loader in (california_housing, house_16H, diamonds, kin8nm, adult, letter, satimage)
}


def _table(load):
    return lambda folder: standardised(load(folder))


TABLES = {
    **{
        load.__name__: _table(load)
        for load in (california_housing, house_16H, kin8nm, adult, letter, satimage)
    },
    "mnist": mnist,
}


def _published_split(folder, name, features, target):
    rows = np.load(folder / "published_splits.npz")
    parts = (rows[f"{name}_{part}"] for part in ("train", "val", "test"))
    return Split(_without_gaps(features), target.to_numpy(dtype=float), *parts)


def _head_split(folder, name, n_train):
    raw = pd.read_csv(folder / f"{name}.csv.gz")
    numeric = pd.api.types.is_numeric_dtype(raw.target)
    target = raw.target.to_numpy() if numeric else raw.target.to_numpy(dtype=str)
    rows = np.arange(len(raw))
    features = _without_gaps(raw.drop(columns="target"))
    return Split(features, target, rows[:n_train], rows[:0], rows[n_train:])


def _without_gaps(features):
    strings = features.select_dtypes(exclude="number").columns
    return features.assign(**{name: features[name].fillna("missing") for name in strings})
