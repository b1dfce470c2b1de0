"""Single rows get the bits and the messages that tables get, in any of the forms of a row."""

import datetime
import pickle
import warnings
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepgen._inputs.frame import read_frame
from deepgen.preprocessing import TableEncoder
from deepgen.preprocessing.column import write_columns
from deepgen.preprocessing.row_encoder import RowEncoder

from .test_drawn_tables import JUNK, clothes, tables

pandas = pytest.importorskip("pandas")

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
RNG = np.random.default_rng(0)
UTC = datetime.timezone.utc
MIXED = pandas.DataFrame(
    {
        "number": np.where(RNG.random(400) < 0.1, np.nan, RNG.normal(5, 2, 400)),
        "huge": RNG.normal(0, 1, 400) * 1e150,
        "flag or gap": np.where(RNG.random(400) < 0.5, 7.0, np.nan),
        "word": RNG.choice(["a", "b", "c", None], 400),
        "two": RNG.choice(["no", "yes"], 400),
        "many": RNG.choice([f"level {i}" for i in range(20)], 400),
        "code": RNG.choice([1.0, 2.0, 3.5, 2.0**53 - 1], 400),
        "truth": RNG.random(400) < 0.5,
        "day": pandas.Timestamp("1965-03-04 05:06:07.9")
        + pandas.to_timedelta(RNG.integers(0, 90_000, 400), "h"),
        "zoned": pandas.date_range("2020-03-28", periods=400, freq="h", tz="Europe/Berlin"),
    }
)
ENCODERS = [
    TableEncoder(categorical_features=[3, 4, 5, 6, 7]),
    TableEncoder("standard", "ple", category_encoding="codes"),
    TableEncoder("quantile", "ple", n_bins=5, categorical_features=["word", "two", "many", "code"]),
]


def as_a_column(encoder, row):
    """The features of a row by the way of tables, or the error."""
    X = np.empty((1, len(row)), dtype=object)
    for place, value in enumerate(row):
        X[0, place] = value
    frame = read_frame(X)
    try:
        return write_columns(encoder.columns_, frame, range(len(row))).tolist()
    except ValueError as error:
        return str(error)


def as_a_row(encoder, row):
    """The features of a row by the way of rows, or the error."""
    try:
        return RowEncoder(encoder.columns_, None).encode(row).tolist()
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_rows_have_the_bits_of_tables(encoder):
    expected = encoder.fit(MIXED).transform(MIXED)
    rows = RowEncoder(encoder.columns_, encoder._names)
    again = pickle.loads(pickle.dumps(rows))
    for place in range(0, 400, 7):
        row = [MIXED[name].iloc[place] for name in MIXED]
        np.testing.assert_array_equal(rows.encode(row)[0], expected[place])
        np.testing.assert_array_equal(again.encode(row)[0], expected[place])
        np.testing.assert_array_equal(encoder.transform(MIXED.iloc[[place]])[0], expected[place])
    # Without the column with a time zone, a frame of one row is read as a row.
    part = MIXED.drop(columns="zoned")
    part.index = part.index * 10
    encoder = TableEncoder(numerical_encoding="ple").fit(part)
    expected = encoder.transform(part)
    for place in range(0, 400, 7):
        one = part.iloc[[place]][part.columns[::-1]]
        assert read_frame(one).row() is not None
        np.testing.assert_array_equal(encoder.transform(one)[0], expected[place])


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("value", [
    None, np.nan, np.float32("nan"), pandas.NA, pandas.NaT, 3, 3.0, True, np.True_, -0.0, 2**53 + 1,
    np.float32(3.5), np.int8(2), Decimal("3.5"), np.inf, 10**400, 1e300, "a", "new",
    "", np.str_("b"), datetime.date(1970, 1, 1),
    datetime.datetime(1960, 2, 29, 23, 59, 59, 999999), datetime.datetime(2021, 7, 1, tzinfo=UTC),
    pandas.Timestamp("1969-12-31 23:59:59.999"), np.datetime64("2020-01-01"),
    datetime.timedelta(days=2), np.timedelta64(1, "h"), [1], b"a", 1j,
])  # fmt: skip
def test_a_value_reads_as_a_column_of_one(encoder, value):
    encoder.fit(MIXED)
    usual = [MIXED[name].iloc[0] for name in MIXED]
    for place in range(len(usual)):
        row = [*usual[:place], value, *usual[place + 1 :]]
        assert as_a_row(encoder, row) == as_a_column(encoder, row)


@QUICK
@given(tables(), st.data())
def test_drawn_rows_have_the_bits_of_tables(columns, data):
    warnings.simplefilter("ignore")
    table = pandas.DataFrame({n: pandas.Series(v, dtype=object) for n, v in columns.items()})
    try:
        encoder = TableEncoder(numerical_encoding="ple", n_bins=3).fit(table)
    except ValueError:
        return  # no column can be used
    expected = encoder.transform(table)
    for frame in clothes(columns):
        np.testing.assert_array_equal(encoder.transform(frame[1:2]), expected[1:2])
    row = [values[-1] for values in columns.values()]
    assert as_a_row(encoder, row) == expected[-1:].tolist()
    row[data.draw(st.integers(0, len(row) - 1))] = data.draw(JUNK)
    assert as_a_row(encoder, row) == as_a_column(encoder, row)


def test_a_later_fit_encodes_single_rows_anew():
    encoder = TableEncoder().fit([[1.0], [2.0], [3.0]])
    first = encoder.transform([[2.0]]).tolist()
    assert encoder.fit([[11.0], [12.0], [14.0]]).transform([[2.0]]).tolist() != first
    np.testing.assert_array_equal(
        encoder.transform([[2.0]])[0], encoder.transform([[2.0], [3.0]])[0]
    )


@pytest.mark.parametrize(("column", "read"), [
    (pandas.Series([1.5]), True),
    (pandas.Series([None], dtype="Int64"), True),
    (pandas.Series(["a"], dtype="string"), True),
    (pandas.Series(["a"], dtype="category"), True),
    (pandas.Series([pandas.Interval(0, 1)], dtype="category"), True),
    (pandas.Series([pandas.Timedelta("1D")]), False),
    (pandas.Series([1], dtype="int64[pyarrow]"), False),
])  # fmt: skip
def test_frames_of_one_row_are_read_as_rows_where_that_is_the_same(column, read):
    pytest.importorskip("pyarrow")
    frame = read_frame(pandas.DataFrame({"x": column, "y": 1.0}))
    assert (frame.row() is not None) == read


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_other_tables_of_one_row_are_read_as_rows_where_that_is_the_same(library):
    polars = pytest.importorskip("polars")
    part = MIXED.drop(columns=["zoned", "day"])
    table = polars.DataFrame(
        {
            **{name: polars.from_pandas(part[name]) for name in part},
            "date": [datetime.date(1969, 12, 1 + i % 31) for i in range(len(part))],
            "whole": polars.Series(range(400), dtype=polars.UInt16),
        }
    )
    if library == "polars":
        levels = polars.Series(["x", "y", "x", "z"] * 100, dtype=polars.Categorical)
        table = table.with_columns(levels.alias("level"))
        other = table.with_columns(polars.lit(datetime.timedelta(days=1)).alias("span"))
    else:
        arrow = pytest.importorskip("pyarrow")
        table = arrow.table({name: table[name].to_list() for name in table.columns})
        spans = arrow.array([datetime.timedelta(days=1)] * 400)
        other = table.append_column("span", spans)
    encoder = TableEncoder(numerical_encoding="ple").fit(table)
    expected = encoder.transform(table)
    for place in range(0, 400, 7):
        one = table[place : place + 1] if library == "polars" else table.slice(place, 1)
        assert read_frame(one).row() is not None
        np.testing.assert_array_equal(encoder.transform(one)[0], expected[place])
    assert read_frame(other[:1] if library == "polars" else other.slice(0, 1)).row() is None
