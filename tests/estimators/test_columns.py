"""Columns of tables: numbers are taken where they mean something, all else is refused by name."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
FRAME = pd.DataFrame(X, columns=list("abcde"))


def fitted(X=X, y=Y, cls=MLPRegressor):
    return cls(hidden_layer_sizes=(4,), max_iter=1, random_state=0).fit(X, y)


def with_column(value):
    """The features as objects, in column 1 what a function makes of the row's number."""
    table = X.astype(object)
    for row in range(len(table)):
        table[row, 1] = value(row)
    return table


@pytest.mark.parametrize(
    "value",
    [
        lambda row: np.datetime64("2020-01-01") + np.timedelta64(row, "D"),
        lambda row: np.timedelta64(row, "D"),
        lambda row: pd.Timestamp("2020") + pd.Timedelta(days=row),
        lambda row: pd.Timedelta(days=row),
        lambda row: datetime.date(2020, 1, 1 + row % 28),
        lambda row: datetime.datetime(2020, 1, 1 + row % 28),
        lambda row: datetime.time(row % 24),
        lambda row: np.datetime64("2020") if row == 100 else 1.0,
        lambda row: pd.NaT,
    ],
)
def test_times_among_objects_are_refused_in_every_form(value):
    table, said = with_column(value), "has dates, times or durations .column {} is "
    frame = pd.DataFrame(table, columns=list("abcde"), dtype=object)
    rows = [list(row) for row in table]
    for given, name in ((table, "1"), (frame, "'b'"), (rows, "1")):
        with pytest.raises(ValueError, match=f"X {said.format(name)}"):
            fitted(given)
    for y in (table[:, 1], list(table[:, 1]), frame["b"]):
        for cls in (MLPRegressor, MLPClassifier):
            with pytest.raises(ValueError, match=f"y {said.format(0)}"):
                fitted(y=y, cls=cls)
    with pytest.raises(ValueError, match=f"sample_weight {said.format(0)}"):
        MLPRegressor().fit(X, Y, table[:, 1])


@pytest.mark.parametrize("make", [float, int, Decimal, Fraction, bool, np.float32, str])
def test_objects_that_mean_numbers_are_taken_as_numbers(make):
    table = with_column(lambda row: make(row % 7))
    plain = with_column(lambda row: float(make(row % 7))).astype(float)
    assert same_bits(fitted(table), fitted(plain))
    assert same_bits(fitted(y=table[:, 1]), fitted(y=plain[:, 1]))


@pytest.mark.parametrize(
    ("value", "kind"),
    [(lambda row: pd.Period("2020-01"), "Period"), (lambda row: 1j, "complex"),
     (lambda row: pd.Interval(0, 1), "Interval")],
)  # fmt: skip
def test_objects_that_are_no_numbers_are_told_with_their_column(value, kind):
    with pytest.raises(TypeError, match=f"argument must be .*{kind}'. See column 1 of X[.]$"):
        fitted(with_column(value))
    with pytest.raises(TypeError, match=f"y must be numbers for a regressor .*{kind}"):
        fitted(y=with_column(value)[:, 1])


def arrow_table(**columns):
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.table({name: pyarrow.array(values) for name, values in columns.items()})


def test_arrow_tables_of_numbers_are_features_with_names():
    pytest.importorskip("pyarrow")
    table = arrow_table(**FRAME)
    model = fitted(table)
    assert same_bits(model, fitted(X)) and list(model.feature_names_in_) == list("abcde")
    assert np.array_equal(model.predict(table), model.predict(FRAME))
    assert model.score(table, table["a"]) == model.score(FRAME, FRAME["a"])
    assert same_bits(fitted(table.to_batches()[0]), fitted(X))
    pair = table.select(["a", "b"])
    assert same_bits(fitted(table, pair), fitted(X, X[:, :2]))
    assert same_bits(fitted(y=table["a"]), fitted(y=X[:, 0]))
    held = MLPRegressor(max_iter=1, random_state=0, early_stopping=True, scoring="r2")
    assert np.isfinite(held.fit(table, Y, X_val=table, y_val=pair["a"]).best_validation_score_)
    marks = ["u", "v"] * 78 + ["u"]
    assert set(fitted(y=arrow_table(y=marks)["y"], cls=MLPClassifier).classes_) == {"u", "v"}
    halves = arrow_table(a=X[:, 0] > 0, b=[Decimal(row) for row in range(157)])
    plain = np.c_[X[:, 0] > 0, np.arange(157)]
    assert same_bits(fitted(halves), fitted(plain.astype(float)))


def test_other_columns_of_arrow_tables_are_refused_by_name():
    days = [datetime.date(2020, 1, 1)] * 157
    for values in (days, pd.date_range("2020", periods=157), [datetime.time(1)] * 157):
        with pytest.raises(ValueError, match="X has dates, times or durations .column 'when' is "):
            fitted(arrow_table(a=Y, when=values))
    with pytest.raises(ValueError, match="y has dates, times or durations"):
        fitted(y=arrow_table(when=days)["when"])
    words = arrow_table(a=Y, town=["Ulm"] * 157)
    coded = words.set_column(1, "town", words["town"].dictionary_encode())
    for table in (words, coded):
        with pytest.raises(ValueError, match="X has text in column 'town'; encode it as numbers"):
            fitted(table)
    with pytest.raises(ValueError, match="contains NaN(.|\n)*See column 'gap'[.]"):
        fitted(arrow_table(a=Y, gap=[None, *Y[1:]]))
    model = fitted(arrow_table(a=Y, b=Y))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(arrow_table(b=Y, a=Y))


@pytest.mark.parametrize(
    "value",
    [
        datetime.time(1),
        datetime.date(2020, 1, 1),
        datetime.timedelta(1),
        datetime.datetime(2020, 1, 1),
    ],
)
def test_polars_times_are_refused_and_its_numbers_taken(value):
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"a": Y, "b": [value] * 157})
    with pytest.raises(ValueError, match="X has dates, times or durations .column 'b' is "):
        fitted(table)
    with pytest.raises(ValueError, match="y has dates, times or durations"):
        fitted(y=table["b"])
    with pytest.raises(ValueError, match="X has text in column 'b'"):
        fitted(table.with_columns(b=polars.Series(["w"] * 157, dtype=polars.Categorical)))
    numbers = table.with_columns(b=polars.Series([Decimal(1)] * 157))
    assert same_bits(fitted(numbers), fitted(np.c_[Y, np.ones(157)]))


def with_entry(value, columns):
    table = X.astype(float)
    table[3, columns] = value
    return table


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array])
def test_columns_of_sparse_matrices_that_are_not_finite_are_told(form):
    with pytest.raises(ValueError, match="contains NaN(.|\n)*See column 3[.]$"):
        fitted(form(with_entry(np.nan, 3)))
    with pytest.raises(ValueError, match="too large for dtype.*See columns 1, 4[.]$"):
        fitted(form(with_entry(-1e300, [1, 4])))


def test_targets_that_are_not_finite_are_told_with_their_column():
    targets = with_entry(np.inf, [0, 2])
    framed = pd.DataFrame(targets, columns=list("abcde"))
    for y, names in ((targets, "0, 2"), (framed, "'a', 'c'")):
        with pytest.raises(ValueError, match=f"^Input y contains infinity.*columns {names}[.]$"):
            fitted(y=y)
    with pytest.raises(ValueError, match="Input y contains NaN.* See column 4[.]$"):
        fitted(y=with_entry(np.nan, 4))
    with pytest.raises(ValueError, match="Input y contains NaN[.] See column 2[.]$"):
        fitted(y=with_entry(None, 2).astype(object))
    with pytest.raises(ValueError, match="y is too large for float32: 1e[+]300. See column 1[.]$"):
        fitted(y=with_entry(1e300, 1))
    with pytest.raises(ValueError, match="Input y contains infinity[^S]*$"):
        fitted(y=targets[:, 0])
    with pytest.raises(ValueError, match="X_val, y_val .*Input y contains infinity.* columns 0, 2"):
        MLPRegressor(max_iter=1).fit(X, X, X_val=X, y_val=targets)
