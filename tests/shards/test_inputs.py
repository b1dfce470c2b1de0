"""Rows of shards: what is read, what is refused, and whether they are sorted."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from deepgen.averaging import EMA
from deepgen.distributed import Rows, SerialExecutor, fit_shards
from deepgen.distributed.facts import facts_of, share_between, warn_if_sorted
from deepgen.normalizations import BatchNorm
from deepgen.optimizers import KFAC, SAM
from shards.rows import (
    SEVERAL,
    THREE,
    WEIGHTS,
    N,
    X,
    Y,
    classifier,
    fitted_on,
    parts_of,
    regressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_rows_are_in_the_type_of_training():
    frame = pd.DataFrame(X[:5].astype(np.float64), columns=list("abcde"))
    rows = Rows.read(regressor(), frame, pd.DataFrame({"y": Y[:5]}), pd.Series(WEIGHTS[:5]))
    kept = WEIGHTS[:5] > 0
    assert 0 < kept.sum() < 5
    assert rows.X.dtype == np.float32
    np.testing.assert_array_equal(rows.X, X[:5][kept])
    np.testing.assert_array_equal(rows.y, Y[:5][kept])
    np.testing.assert_array_equal(rows.weights, WEIGHTS[:5][kept])
    assert rows.names.tolist() == list("abcde")


def test_parts_without_rows_are_empty():
    assert len(Rows.read(regressor(), X[:0], Y[:0])) == 0
    assert len(Rows.read(regressor(), X[:4], Y[:4], np.zeros(4))) == 0
    assert len(Rows.read(regressor(), pd.DataFrame(X[:0]), pd.Series(Y[:0]))) == 0


def test_parts_are_joined_in_order():
    parts = [Rows.read(regressor(), X[part], Y[part], WEIGHTS[part] + 1) for part in parts_of(3)]
    joined = Rows.join(parts)
    np.testing.assert_array_equal(joined.X, X)
    np.testing.assert_array_equal(joined.y, Y)
    np.testing.assert_array_equal(joined.weights, WEIGHTS + 1)
    assert Rows.join(parts[:1]) is parts[0]
    sample = joined.sample(100)
    np.testing.assert_array_equal(sample.y, Y[::5])
    assert not np.shares_memory(sample.X, joined.X)


REFUSED = {
    "lengths": ((X, Y[:-1]), "X, y have 403 and 402 rows"),
    "weights": ((X, Y, WEIGHTS[:-1]), "X, y and sample_weight have 403 and 403 and 402 rows"),
    "gaps": ((np.where(X > 2, np.nan, X), Y), "Input X contains NaN"),
    "negative": ((X, Y, -WEIGHTS), "Negative values in sample_weight"),
    "words": ((pd.DataFrame({"a": ["x"] * N}), Y), "X has text in column 'a'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_cannot_be_used_are_refused(name):
    given, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        Rows.read(regressor(), *given)


def test_sparse_rows_are_refused():
    with pytest.raises(TypeError, match="sparse rows are not supported here"):
        Rows.read(regressor(), WithLength(sparse.csr_matrix(X)), Y)


class WithLength(sparse.csr_matrix):
    def __len__(self):
        return self.shape[0]


def test_an_error_names_the_shard():
    y = np.ones(N)
    y[200] = -1.0
    with pytest.raises(ValueError, match="shard 1: loss='poisson' needs y >= 0"):
        fitted_on(parts_of(3), regressor(loss="poisson"), y)


def test_shards_with_different_columns_are_refused():
    model, both = regressor(), np.column_stack([Y, Y])
    names = list("abcde")
    frame = pd.DataFrame(X, columns=names)
    alike = "1 are not alike: "
    for first, second, message in (
        ((X, Y), (X, both), alike + "numbers of targets are 1 and 2"),
        ((X, Y), (X[:, :4], Y), alike + "numbers of features are 5 and 4"),
        ((frame, Y), (frame[names[::-1]], Y), alike + "names of features are .'a',.* and .'e'"),
        ((frame, Y), (frame.rename(columns={"c": "z"}), Y), alike + "names of features"),
        ((frame, Y), (X, Y), alike + "names of features .* and None"),
    ):
        parts = [
            Rows.read(model, X_given[rows], y_given[rows])
            for (X_given, y_given), rows in zip(
                (first, second), (slice(0, 200), slice(200, None)), strict=True
            )
        ]
        with pytest.raises(ValueError, match="shard 0 and shard " + message):
            fit_shards(model, SerialExecutor(parts))
        with pytest.raises(ValueError, match="part 0 and part " + message):
            Rows.join(parts)
    labels = Y > 40
    parts = [
        Rows.read(classifier(), X[:200], labels[:200].astype(int)),
        Rows.read(classifier(), X[200:], labels[200:].astype(int).astype(str)),
    ]
    with pytest.raises(ValueError, match="shard 0 and shard 1 .* targets are numbers and text"):
        fit_shards(classifier(), SerialExecutor(parts))


UNSUPPORTED = {
    "lbfgs": (dict(solver="lbfgs"), "solver='lbfgs' is not supported on shards"),
    "kfac": (dict(solver="kfac"), "solver='kfac' is not supported on shards"),
    "kfac in sam": (dict(solver=SAM(base=KFAC())), r"solver=SAM\(base=KFAC"),
    "shampoo": (dict(solver="shampoo"), "solver='shampoo' is not supported on shards"),
    "stopping": (dict(early_stopping=True), "early_stopping=True without X_val and y_val"),
    "warm": (dict(warm_start=True), "warm_start=True is not supported on shards"),
    "members": (dict(n_members=2), "n_members=2 is not supported on shards"),
    "average": (dict(averaging="swa"), "averaging=SWA is not supported on shards"),
    "average object": (dict(averaging=EMA()), "averaging=EMA is not supported on shards"),
    "embedding": (dict(numerical_embedding="pwl"), "numerical_embedding is not supported"),
    "statistics": (
        dict(normalization=BatchNorm(recalibrate=True)),
        r"BatchNorm\(recalibrate=True\) is not supported on shards",
    ),
    "batches": (dict(normalization="batch", batch_size=1), "batch"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_shards_do_not_support_is_refused_by_name(name):
    settings, message = UNSUPPORTED[name]
    with pytest.raises(ValueError, match=message):
        fitted_on(parts_of(2), regressor(**settings))


def facts(model, parts, y):
    return [facts_of(model, Rows.read(model, X[part], y[part])) for part in parts]


SORTED = {
    "numbers": (regressor(), Y, np.argsort(Y)),
    "two targets": (regressor(), np.column_stack([Y, X[:, 0]]), np.argsort(X[:, 0])),
    "classes": (classifier(), THREE, np.argsort(THREE)),
    "labels": (classifier(), SEVERAL, np.argsort(SEVERAL[:, 1], kind="stable")),
}


@pytest.mark.parametrize("name", SORTED)
@pytest.mark.parametrize("n_shards", [2, 4, 40])
def test_sorted_rows_are_noticed(name, n_shards):
    model, y, order = SORTED[name]
    parts = [order[part] for part in parts_of(n_shards)]
    share = share_between(facts(model, parts, y))
    assert 0.3 < share <= 1 + 1e-12
    if n_shards < 40:
        with pytest.warns(UserWarning, match=f"The rows are sorted: {share:.0%} of the variance"):
            warn_if_sorted(facts(model, parts, y))


@pytest.mark.parametrize("name", SORTED)
@pytest.mark.parametrize("n_shards", [1, 2, 4, 40])
def test_rows_in_random_order_are_not_called_sorted(name, n_shards):
    model, y, _ = SORTED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_sorted(facts(model, parts_of(n_shards), y))
        warn_if_sorted(facts(model, parts_of(n_shards), np.zeros_like(y)))


def test_what_lies_between_shards_is_a_share_of_the_variance():
    parts = [np.arange(100), np.arange(100, N)]
    means = [Y[part].mean() for part in parts]
    between = 100 / N * (means[0] - Y.mean()) ** 2 + 303 / N * (means[1] - Y.mean()) ** 2
    got = share_between(facts(regressor(), parts, Y))
    assert got == pytest.approx(between / Y.var(), rel=1e-9)
