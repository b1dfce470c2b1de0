"""What becomes of each kind of column, beside a slow twin."""

import datetime

import numpy as np
import pytest

from deepgen.preprocessing import TableEncoder
from reference.table_encoding import encode_categories, encode_dates, encode_numbers

RNG = np.random.default_rng(0)


def numbers(kind):
    values = {
        "normal": RNG.normal(size=200),
        "ties": RNG.integers(0, 40, size=200).astype(float) ** 3,
        "few": RNG.integers(0, 12, size=200).astype(float),
        "mostly one": np.where(RNG.random(200) < 0.9, 7.0, RNG.normal(size=200)),
        "outlier": np.append(RNG.normal(size=199), 1e30),
        "tiny": 1e-30 * RNG.normal(size=200),
        "huge": 1e30 * RNG.normal(size=200),
        "beyond": 1e300 * RNG.normal(size=200),
        "far from zero": 1.7e9 + RNG.normal(size=200),
    }[kind]
    return values


KINDS = ["normal", "ties", "few", "mostly one", "outlier", "tiny", "huge", "far from zero"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(("scale", "n_bins"), [("robust", 0), ("robust", 8), ("standard", 16)])
def test_numbers_are_those_of_the_twin(kind, gaps, scale, n_bins):
    train = numbers(kind)
    if gaps:
        train[::9] = np.nan
    test = np.concatenate([train[:20], [np.nan, 0.0, train[3] * 5, -train[3]]])
    encoding = "ple" if n_bins else None
    encoder = TableEncoder(scale, encoding, n_bins or "auto").fit(train[:, None])
    expected = encode_numbers(train.tolist(), test.tolist(), scale, n_bins)
    features = encoder.transform(test[:, None])
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)
    assert features.dtype == np.float32
    assert features.shape[1] == len(encoder.get_feature_names_out())


@pytest.mark.parametrize("kind", [*KINDS, "beyond"])
@pytest.mark.parametrize("scale", ["robust", "standard", "quantile"])
def test_every_number_is_finite_whatever_comes(kind, scale):
    encoder = TableEncoder(scale, "ple").fit(numbers(kind)[:, None])
    extremes = np.array([1e308, -1e308, 5e-324, 0.0, np.nan, 1e-30])[:, None]
    with np.errstate(all="raise", under="ignore"):
        features = encoder.transform(extremes)
    assert np.isfinite(features).all()
    assert scale == "standard" or np.abs(features).max() < 6


def test_one_bad_row_spoils_nothing():
    values = RNG.normal(size=500)
    clean = TableEncoder(numerical_encoding="ple").fit(values[:, None])
    dirty = TableEncoder(numerical_encoding="ple").fit(np.append(values, 1e30)[:, None])
    before, after = (encoder.transform(values[:, None]) for encoder in (clean, dirty))
    assert np.abs(before - after)[:, :-1].max() < 0.1
    # The last bin, which the row belongs to, still tells its other numbers apart.
    assert np.ptp(after[:, -1]) > 0.05


def test_one_bad_row_spoils_no_column_that_is_mostly_one_number():
    values = np.where(RNG.random(500) < 0.9, 0.0, RNG.uniform(1, 5, 500))
    dirty = TableEncoder().fit(np.append(values, 1e30)[:, None])
    # The width is at most ten times the median distance of the values that differ.
    assert np.median(dirty.transform(values[values > 0][:, None])) > 0.09


def test_the_quantile_scale_makes_numbers_normal():
    values = np.exp(3 * RNG.normal(size=2000))
    features = TableEncoder("quantile").fit_transform(values[:, None])[:, 0]
    assert abs(features.mean()) < 0.05 and abs(features.std() - 1) < 0.05
    assert (np.argsort(features, kind="stable") == np.argsort(values, kind="stable")).all()


def test_bins_follow_the_rows():
    for n_rows, n_bins in ((9_999, 16), (10_000, 48)):
        encoder = TableEncoder(numerical_encoding="ple").fit(np.arange(n_rows)[:, None])
        assert encoder.n_bins_ == n_bins
        assert encoder.feature_kinds_.tolist() == ["number"] + ["encoding"] * n_bins
    assert TableEncoder().fit(np.arange(99)[:, None]).n_bins_ == 0
    assert TableEncoder(n_bins=5).fit(np.arange(99)[:, None]).n_bins_ == 0


@pytest.mark.parametrize("levels", ["ab", "abc", "a", "abcdefghijkl"])
@pytest.mark.parametrize("gaps", [False, True])
def test_categories_are_those_of_the_twin(levels, gaps):
    train = [levels[i % len(levels)] for i in range(60)]
    if gaps:
        train[::7] = [None] * len(train[::7])
    test = [*train[:20], None, "unknown", ""]
    expected = encode_categories(train, test)
    X, X_test = (np.array([v, [1.0] * len(v)], dtype=object).T for v in (train, test))
    X[0, 1] = 2.0
    features = TableEncoder().fit(X).transform(X_test)[:, :-1]
    if expected is None:
        assert features.shape[1] == 0
    else:
        np.testing.assert_array_equal(features, expected)


@pytest.mark.parametrize("n_bins", [0, 16])
@pytest.mark.parametrize("gaps", [False, True])
def test_dates_are_those_of_the_twin(n_bins, gaps):
    start = datetime.datetime(1823, 5, 17, 3, 4, 5)
    train = [start + datetime.timedelta(hours=int(h)) for h in RNG.integers(0, 2_000_000, 60)]
    train[0] = datetime.datetime(1, 1, 1)
    if gaps:
        train[5:9] = [None] * 4
    test = [*train[:20], None, datetime.datetime(9999, 12, 31, 23, 59, 59)]
    expected = encode_dates(train, test, n_bins)
    X, X_test = (np.array([dates], dtype=object).T for dates in (train, test))
    encoder = TableEncoder(numerical_encoding="ple" if n_bins else None, n_bins=n_bins or "auto")
    features = encoder.fit(X).transform(X_test)
    order = np.argsort(encoder.feature_kinds_ == "indicator", kind="stable")
    # The twin marks missing dates before it tells of the calendar, as the encoder does.
    assert order.size == features.shape[1]
    np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


def test_only_the_parts_of_the_calendar_that_vary_are_features():
    days = np.datetime64("2024-03-04") + 7 * np.arange(4)
    encoder = TableEncoder().fit(days[:, None])
    assert encoder.get_feature_names_out().tolist() == ["x0"]
    encoder.fit((np.datetime64("2024-03-04T00") + np.arange(5))[:, None])
    assert encoder.feature_kinds_.tolist() == ["number", "date part", "date part"]
    with pytest.raises(ValueError, match="column 0 holds dates, and dates=False"):
        TableEncoder(dates=False).fit(days[:, None])


def test_codes_group_what_is_rare_and_keep_the_unknown_apart():
    levels = [f"l{i}" for i in range(10)]
    train = levels * 6 + ["r1", "r2", None]
    features = TableEncoder(category_encoding="codes")
    X = np.array([train], dtype=object).T
    column = features.fit(X).columns_[0]
    assert (column.n_codes, column.has_missing, column.has_rare) == (12, True, True)
    test = np.array([["l0", "l9", "r1", "r2", None, "new"]], dtype=object).T
    assert features.transform(test)[:, 0].tolist() == [1, 10, 11, 11, 0, 0]
    assert features.category_features_.tolist() == [0]
    assert features.category_sizes_.tolist() == [12]
    # Few levels stay one feature a level.
    few = TableEncoder(category_encoding="codes").fit([["a"], ["b"], ["c"]])
    assert few.feature_kinds_.tolist() == ["category"] * 3


def test_features_tell_where_they_come_from():
    X = np.array(
        [[1.0, "a", 5, datetime.date(2020, 1, i + 1), i % 2 == 0] for i in range(20)], dtype=object
    )
    X[:, 0] = np.arange(20.0)
    X[3, 0] = None
    encoder = TableEncoder(numerical_encoding="ple").fit(X)
    assert encoder.dropped_columns_ == (1, 2)
    assert [column.place for column in encoder.columns_] == [0, 3, 4]
    for column in encoder.columns_:
        assert (encoder.feature_columns_[column.features] == column.place).all()
        assert encoder.feature_kinds_[column.features].tolist() == list(column.feature_kinds)
        assert column.describe()
    assert encoder.columns_[-1].features.stop == encoder.transform(X).shape[1]
    assert encoder.number_features_.tolist() == [0, encoder.columns_[1].start]


def test_a_row_does_not_depend_on_the_others():
    X = np.array(
        [[RNG.normal(), RNG.choice(list("abc")), np.datetime64(int(d), "D")] for d in range(50)],
        dtype=object,
    )
    for scale in ("robust", "standard", "quantile"):
        encoder = TableEncoder(scale, "ple").fit(X)
        whole = encoder.transform(X)
        for row in range(0, 50, 7):
            np.testing.assert_array_equal(encoder.transform(X[row : row + 1])[0], whole[row])
