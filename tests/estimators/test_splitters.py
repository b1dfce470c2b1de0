"""Rows that early stopping sets aside, chosen by a splitter or by groups."""

import re

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
N = len(X)
Y = curve(X)
GROUPS = np.arange(N) % 9


def model_of(splitter=0.1, cls=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8,), max_iter=4, random_state=0, early_stopping=True)
    return cls(validation_fraction=splitter, **common | settings)


def set_aside(splitter, y=Y, groups=None, cls=MLPRegressor, data=X, **settings):
    """Return the rows that a scorer gets to see."""
    model, seen = model_of(splitter, cls, **settings), []

    def look(estimator, X, y):
        seen[:] = [np.asarray(X.todense() if hasattr(X, "todense") else X)]
        return 0.0

    model.set_params(scoring=look).fit(data, y, groups=groups)
    return sorted(int(np.flatnonzero((np.float32(features()) == row).all(1))[0]) for row in seen[0])


@pytest.mark.parametrize(
    "splitter",
    [KFold(4), ShuffleSplit(3, random_state=1), TimeSeriesSplit(4), PredefinedSplit(GROUPS)],
)
@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_the_last_split_is_set_aside(splitter, form):
    *_, (_, validation) = splitter.split(X, Y)
    assert set_aside(splitter, data=form(X)) == sorted(validation)


def test_a_series_is_validated_on_its_newest_rows():
    assert set_aside(TimeSeriesSplit(4)) == list(range(N - N // 5, N))


def test_groups_go_to_the_splitter_and_shares_are_those_of_whole_groups():
    *_, (_, validation) = GroupKFold(3).split(X, Y, GROUPS)
    assert set_aside(GroupKFold(3), groups=GROUPS) == sorted(validation)
    for share, n_groups in ((0.1, 1), (0.3, 3)):
        rows = set_aside(share, groups=GROUPS)
        inside = np.isin(GROUPS, np.unique(GROUPS[rows]))
        assert rows == np.flatnonzero(inside).tolist()
        assert len(np.unique(GROUPS[rows])) == n_groups


def test_classes_are_balanced_by_a_splitter_that_does_so():
    names = np.where(Y > 1, "high", "low")
    rows = set_aside(StratifiedKFold(4), names, cls=MLPClassifier)
    assert np.mean(names[rows] == "high") == pytest.approx(np.mean(names == "high"), abs=0.05)


@pytest.mark.parametrize("splitter", [ShuffleSplit(1, test_size=0.2), 0.2])
def test_a_splitter_without_a_seed_takes_the_estimators(splitter):
    groups = GROUPS if splitter == 0.2 else None
    once, twice = (model_of(splitter).fit(X, Y, groups=groups) for _ in range(2))
    assert same_bits(once, twice)
    assert set_aside(splitter, random_state=0) != set_aside(splitter, random_state=1)
    assert getattr(splitter, "random_state", None) is None


def test_members_warm_starts_and_clones():
    model = model_of(TimeSeriesSplit(3), n_members=2)
    assert np.isfinite(clone(model).fit(X, Y).predict(X)).all()
    once = model_of(KFold(5), tol=0).fit(X, Y)
    twice = model_of(KFold(5), tol=0, max_iter=2, warm_start=True).fit(X, Y).fit(X, Y)
    assert same_bits(once, twice)


def test_without_early_stopping_groups_change_nothing():
    plain = model_of(early_stopping=False).fit(X, Y)
    assert same_bits(plain, model_of(KFold(3), early_stopping=False).fit(X, Y, groups=GROUPS))


class Own:
    """A splitter of one's own."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)

    def __repr__(self):
        return "Own()"


ROWS = np.arange(N)
BAD = {
    "no split": (Own(), "Own() gives no split"),
    "both sides": (Own((ROWS, ROWS[:20])), "Own() puts rows on both sides"),
    "one row": (
        Own((ROWS[1:], ROWS[:1])),
        f"leaves 1 of {N} samples with positive weight for vali",
    ),
    "no training": (
        Own((ROWS[:0], ROWS)),
        f"leaves 0 of {N} samples with positive weight for trai",
    ),
    "outside": (Own((ROWS[20:], ROWS + 10)), f"gives rows outside 0 to {N - 1}"),
    "no groups": (GroupKFold(3), "The 'groups' parameter should not be None"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_split_that_is_none_is_refused(case):
    splitter, message = BAD[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        model_of(splitter).fit(X, Y)


def test_masks_are_rows():
    mask = ROWS >= 30
    assert set_aside(Own((mask, ~mask))) == list(range(30))


def test_weights_of_zero_on_one_side_are_refused():
    own = np.where(ROWS < 30, 0, weights())
    with pytest.raises(ValueError, match="leaves 0 of .* with positive weight for validation"):
        model_of(Own((ROWS[30:], ROWS[:30]))).fit(X, Y, own)


def test_groups_of_another_length_and_what_splits_nothing_are_refused():
    with pytest.raises(ValueError, match=f"groups has 5 entries, X has {N} samples"):
        model_of().fit(X, Y, groups=GROUPS[:5])
    with pytest.raises(ValueError, match="'validation_fraction' parameter"):
        model_of([0, 1]).fit(X, Y)
