"""What has no right answer is refused by the column's name; what has one gets it."""

import datetime
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from deepgen.preprocessing import TableEncoder

pandas = pytest.importorskip("pandas")


def table(**columns):
    return pandas.DataFrame({"x": np.arange(20.0), **columns})


def some(values, n=20):
    """Values again and again, as a column of objects."""
    return pandas.Series([values[i % len(values)] for i in range(n)], dtype=object)


GOOD = table(kind=some(["a", "b", None]), day=pandas.date_range("2020", periods=20))


@pytest.mark.parametrize(("column", "words"), [
    ([np.inf] + [1.0, 2.0] * 9 + [3.0], "column 'bad' holds infinity in row 1"),
    (some([1, -np.inf, "a"]), "column 'bad' mixes numbers and text: 1 in row 1, 'a' in row 3"),
    (some([1.0, 10**400]), "column 'bad' holds infinity or a number beyond"),
    (some([1.5, None, "a"]), "column 'bad' mixes numbers and text: 1.5 in row 1, 'a' in row 3"),
    (some([True, "a"]), "column 'bad' mixes truth values and text"),
    (some([datetime.date(2020, 1, 1), "a"]), "column 'bad' mixes dates and text"),
    (some([datetime.date(2020, 1, 1), 5]), "column 'bad' mixes dates and numbers"),
    (some([[1], [2]]), "column 'bad' holds a value of type list in row 1"),
    (some([{"a": 1}, None]), "column 'bad' holds a value of type dict in row 1"),
    (some([(1, 2), (2, 3)]), "column 'bad' holds a value of type tuple in row 1"),
    (some([b"a", b"b"]), "column 'bad' holds a value of type bytes in row 1; decode bytes to text"),
    (some([1j, 2.0]), "column 'bad' holds a value of type complex"),
    (some([datetime.time(3), None]), "column 'bad' holds a value of type time in row 1"),
    (some([datetime.datetime(2020, 1, 1),
           datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)]),
     "column 'bad' mixes times with a time zone and times without"),
    (pandas.period_range("2020", periods=20, freq="D"), "column 'bad' is of type period"),
    (pandas.interval_range(0, 20), "column 'bad' is of type interval"),
])  # fmt: skip
def test_columns_that_cannot_be_read_are_refused_by_name(column, words):
    with pytest.raises(ValueError, match=words):
        TableEncoder().fit(table(bad=column))


HUGE = 2**53 + np.arange(20) % 5


@pytest.mark.parametrize(("column", "chosen"), [
    (pandas.Categorical(HUGE), "from_dtype"),
    (pandas.Series(pandas.Categorical(-HUGE.astype(object))), "from_dtype"),
    (HUGE, ["bad"]),
    (HUGE.astype(np.uint64), ["bad"]),
    (pandas.array(HUGE, dtype="Int64"), ["bad"]),
    (some(HUGE.tolist()), ["bad"]),
    (some([2**60, 2**60 + 1]), ["bad"]),
])  # fmt: skip
def test_categories_that_floats_merge_are_refused(column, chosen):
    """Identifiers of 64 bits: as text they are what they were."""
    with pytest.raises(ValueError, match=r"column 'bad' is a category with numbers of 2\*\*53"):
        TableEncoder(categorical_features=chosen).fit(table(bad=column))
    text = pandas.Series(column).astype(str).to_numpy(dtype=object)
    assert len(TableEncoder().fit(table(bad=text)).columns_[1].levels) == len(set(text))
    small = pandas.Categorical(np.where(np.arange(20) < 10, 2**53 - 1, 2**53 - 2))
    assert len(TableEncoder().fit(table(bad=small)).columns_[1].levels) == 2


def test_free_text_is_refused_with_a_pointer():
    many = [f"word {i}" for i in range(300)]
    with pytest.raises(ValueError, match=r"column 'bad' is free text: 300 .* skrub's"):
        TableEncoder().fit(pandas.DataFrame({"bad": many}))
    with pytest.raises(ValueError, match="holds numbers written as text, 300 .*to_numeric"):
        TableEncoder().fit(pandas.DataFrame({"bad": [f"{i}" for i in range(300)]}))
    with pytest.raises(ValueError, match="column 'bad' has 300 .* too many for categories"):
        TableEncoder().fit(pandas.DataFrame({"bad": pandas.Categorical(many)}))
    assert TableEncoder(max_levels=300).fit(pandas.DataFrame({"bad": many})) is not None
    # A twentieth of the rows is allowed.
    TableEncoder(max_levels=2).fit(pandas.DataFrame({"few": (many[:3] * 20) + ["word 1"]}))


@pytest.mark.parametrize(("change", "words"), [
    (lambda X: X.drop(columns="kind"), "X lacks column 'kind'"),
    (lambda X: X.drop(columns=["kind", "day"]), "X lacks columns 'kind', 'day'"),
    (lambda X: X.assign(more=1), "X has column 'more', which training had not"),
    (lambda X: X.rename(columns={"x": "y"}), "X lacks column 'x' and has column 'y'"),
    (lambda X: X.set_axis(["x", "x", "day"], axis=1), "several columns of X .* column 'x'"),
    (lambda X: X.assign(x="old"), "'x' holds numbers in the training data, but row 1 holds 'old'"),
    (lambda X: X.assign(x=X["day"]), "'x' holds numbers in the training data, but row 1 holds 2"),
    (lambda X: X.assign(x=np.inf), "'x' holds infinity in row 1"),
    (lambda X: X.assign(kind=range(20)), "'kind' holds text in the training data, .* 1 holds 0"),
    (lambda X: X.assign(day=range(20)), "'day' holds dates in the training data, .* 1 holds 0"),
    (lambda X: X.assign(day=X["day"].dt.tz_localize("UTC")), "'day' holds times of a time zone"),
    (lambda X: X.iloc[:0], "0 sample"),
    (lambda X: X.iloc[:, :0], "0 feature"),
    (lambda X: X["x"], "two dimensions"),
    (lambda X: X.to_numpy()[:, :2], "X has 2 features, but TableEncoder is expecting 3 features"),
])  # fmt: skip
def test_tables_that_do_not_fit_are_refused_by_name(change, words):
    encoder = TableEncoder().fit(GOOD)
    with pytest.raises(ValueError, match=words):
        encoder.transform(change(GOOD))


def test_columns_may_move_and_values_may_be_missing():
    encoder = TableEncoder().fit(GOOD)
    moved = GOOD[["day", "x", "kind"]]
    np.testing.assert_array_equal(encoder.transform(moved), encoder.transform(GOOD))
    nothing = pandas.DataFrame({"x": [None], "kind": [None], "day": [None]}, dtype=object)
    features = dict(
        zip(encoder.get_feature_names_out(), encoder.transform(nothing)[0], strict=True)
    )
    assert features == {"x": 0, "kind = a": 0, "kind = b": 0, "kind is missing": 1, "day": 0,
                        "day weekday (sine)": 0, "day weekday (cosine)": 0}  # fmt: skip
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        encoder.transform(GOOD.to_numpy())


def test_empty_and_constant_columns_are_dropped():
    X = table(none=some([None]), nan=np.nan, one="a", seven=7, part=some([7, None]))
    with pytest.warns(UserWarning, match="columns 'none', 'nan' of X have no value and will be"):
        encoder = TableEncoder().fit(X)
    assert encoder.dropped_columns_ == ("none", "nan", "one", "seven")
    assert encoder.get_feature_names_out().tolist() == ["x", "part is missing"]
    with pytest.raises(ValueError, match="no column of X can be used"):
        TableEncoder().fit(table()[["x"]].iloc[:1])


@pytest.mark.parametrize(("categories", "kinds"), [
    ("from_dtype", ["number", "category", "category"]),
    (None, ["number", "number", None]),
    (["c"], ["number", "number", "category"]),
    ([0, "c"], ["category", "number", "category"]),
    (np.array([True, False, True]), ["category", "number", "category"]),
    ([2], ["number", "number", "category"]),
    ([], ["number", "number", None]),
])  # fmt: skip
def test_categories_are_chosen_by_type_mask_position_or_name(categories, kinds):
    X = pandas.DataFrame({"a": [1, 2, 3, 1], "b": [True, False, True, True], "c": list("xyzx")})
    encoder = TableEncoder(categorical_features=categories)
    if None in kinds:
        with pytest.raises(ValueError, match="column 'c' holds text and is none of categorical_"):
            encoder.fit(X)
    else:
        assert [column.kind for column in encoder.fit(X).columns_] == kinds
        assert np.isfinite(encoder.transform(X)).all()


def test_the_same_values_in_other_clothes_are_the_same_features():
    plain = pandas.DataFrame({
        "n": [1.0, np.nan, 3.0, 5.0], "b": [True, False, None, True], "s": ["a", None, "b", "c"],
        "d": pandas.to_datetime(["2020-01-01", None, "1850-02-03", "2021-03-04"]),
    }).astype({"b": object, "s": object})  # fmt: skip
    expected = TableEncoder().fit(plain).transform(plain)
    clothes = [
        plain.assign(n=plain["n"].astype(object)),
        plain.assign(n=[Decimal(1), None, Decimal(3), Decimal(5)]),
        plain.assign(n=[np.int8(1), None, np.float32(3), 5]),
        plain.assign(n=plain["n"].astype("Int64"), b=plain["b"].astype("boolean")),
        plain.assign(s=plain["s"].astype("category"), b=plain["b"].astype("category")),
        plain.assign(s=plain["s"].astype("string"), d=plain["d"].astype("datetime64[ns]")),
        plain.assign(d=[x if x is None else datetime.datetime(*x) for x in
                        [(2020, 1, 1), None, (1850, 2, 3), (2021, 3, 4)]]),
        plain.assign(d=[x if x is None else datetime.date(*x) for x in
                        [(2020, 1, 1), None, (1850, 2, 3), (2021, 3, 4)]]).astype({"d": object}),
        plain.convert_dtypes(dtype_backend="pyarrow"),
    ]  # fmt: skip
    polars = pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow")
    worn = polars.DataFrame({name: plain[name].replace({np.nan: None, pandas.NaT: None}).tolist()
                             for name in "nbs"}).with_columns(
        polars.Series("d", [None if pandas.isna(v) else v.to_pydatetime() for v in plain["d"]])
    )  # fmt: skip
    clothes += [
        worn,
        worn.with_columns(polars.col("s").cast(polars.Categorical), polars.col("n").cast(int)),
        worn.with_columns(polars.col("d").cast(polars.Date)),
        worn.with_columns(polars.col("s").cast(polars.Enum(["c", "b", "a", "z"]))),
        worn.to_arrow(),
        worn.with_columns(polars.col("s").cast(polars.Categorical)).to_arrow(),
        worn.to_arrow().set_column(2, "s", worn.to_arrow()["s"].dictionary_encode()),
        arrow.table({name: worn.to_arrow()[name] for name in "sdbn"}),
        worn.to_arrow().to_batches()[0],
    ]
    encoder = TableEncoder().fit(plain)
    for other in clothes:
        np.testing.assert_array_equal(encoder.transform(other), expected)
        order = [
            list("nbsd").index(str(column.name)) for column in TableEncoder().fit(other).columns_
        ]
        again = TableEncoder().fit(other)
        parts = [again.transform(other)[:, column.features] for column in again.columns_]
        np.testing.assert_array_equal(
            np.hstack([parts[order.index(i)] for i in range(4)]), expected
        )


def test_unusual_types_of_columns_are_read():
    arrow = pytest.importorskip("pyarrow")
    polars = pytest.importorskip("polars")
    day, hour = datetime.timedelta(1), datetime.timedelta(hours=1)
    old = datetime.date(1800, 1, 1)
    for kind, values, type_ in (
        ("number", [1, None, 3], "int64[pyarrow]"),
        ("number", [Decimal(1), None, Decimal(3)], pandas.ArrowDtype(arrow.decimal128(5, 2))),
        ("number", [day, None, hour], pandas.ArrowDtype(arrow.duration("ms"))),
        ("number", [day, None, hour], "timedelta64[ns]"),
        ("date", [old, None, datetime.date(2020, 1, 1)], pandas.ArrowDtype(arrow.date32())),
        ("category", ["a", "b", None],
         pandas.ArrowDtype(arrow.dictionary(arrow.int32(), arrow.string()))),
        ("category", [True, None, False], "boolean[pyarrow]"),
        ("category", [1, None, 3], "category"),
        ("number", [1.0, None, 3.0], pandas.SparseDtype(float)),
        ("number", [1, None, 3], "Float32"),
    ):  # fmt: skip
        X = pandas.DataFrame({"a": pandas.Series(values, dtype=type_)})
        encoder = TableEncoder().fit(X)
        assert [column.kind for column in encoder.columns_] == [kind]
        assert np.isfinite(encoder.transform(X)).all()
        if type_ not in ("category",) and not isinstance(type_, pandas.SparseDtype):
            for other in (polars.from_pandas(X), arrow.Table.from_pandas(X)):
                np.testing.assert_array_equal(encoder.transform(other), encoder.transform(X))
    for times in (pandas.ArrowDtype(arrow.time64("us")), object):
        X = pandas.DataFrame({"a": pandas.Series([datetime.time(1), None], dtype=times)})
        with pytest.raises(ValueError, match="column 'a' (is|holds a value) of type time"):
            TableEncoder().fit(X)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "D"])
def test_dates_of_any_unit_and_age_are_the_same(unit):
    dates = np.array(["1890-01-05", "1969-12-31", "2020-06-30"], dtype="datetime64[D]")
    expected = TableEncoder().fit(dates[:, None]).transform(dates[:, None])
    other = dates.astype(f"datetime64[{unit}]")
    np.testing.assert_array_equal(
        TableEncoder().fit(other[:, None]).transform(other[:, None]), expected
    )
    old = np.array(["0044-03-15", "9999-12-31", "-3000-01-01"], dtype="datetime64[D]")
    assert np.isfinite(TableEncoder().fit_transform(old[:, None])).all()


def test_times_of_a_zone_are_read_on_the_clock_of_training():
    polars = pytest.importorskip("polars")
    times = pandas.Series(pandas.date_range("2020-03-27", periods=60, freq="h", tz="Europe/Berlin"))
    X = pandas.DataFrame({"t": times})
    encoder = TableEncoder().fit(X)
    expected = encoder.transform(X)
    hours = TableEncoder().fit(pandas.DataFrame({"t": times.dt.tz_localize(None)}))
    np.testing.assert_array_equal(
        expected, hours.transform(pandas.DataFrame({"t": times.dt.tz_localize(None)}))
    )
    for other in (
        pandas.DataFrame({"t": times.dt.tz_convert("Asia/Tokyo")}),
        pandas.DataFrame({"t": times.astype(object)}),
        polars.from_pandas(X),
        polars.from_pandas(pandas.DataFrame({"t": times.dt.tz_convert("UTC")})),
        polars.from_pandas(X).to_arrow(),
        polars.from_pandas(pandas.DataFrame({"t": times.dt.tz_convert("UTC")})).to_arrow(),
        X.astype({"t": "timestamp[us, tz=UTC][pyarrow]"}),
    ):
        np.testing.assert_array_equal(encoder.transform(other), expected)


def test_masked_arrays_lists_and_unknown_levels_are_read():
    X = np.ma.masked_invalid([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]])
    np.testing.assert_array_equal(
        TableEncoder().fit(X).transform(X), TableEncoder().fit(X.filled(np.nan)).transform(X)
    )
    encoder = TableEncoder().fit([[1, "a"], [2, "b"], [3, "c"]])
    assert encoder.transform([[2, "z"]]).tolist() == [[0, 0, 0, 0]]
    with pytest.raises(TypeError, match="sparse"):
        from scipy.sparse import csr_array

        TableEncoder().fit(csr_array(np.eye(3)))
    for strange in ({"a": [1]}, "text", None, iter([1])):
        with pytest.raises(TypeError, match="must be a table, an array or"):
            TableEncoder().fit(strange)


def test_an_array_of_numbers_needs_no_pandas():
    code = """
import sys
for name in ("pandas", "polars", "pyarrow"):
    sys.modules[name] = None
import numpy as np
from deepgen.preprocessing import TableEncoder
X = np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, 7.0]])
print(TableEncoder(numerical_encoding="ple").fit(X).transform(X).shape)
X = np.array([[1.0, "a"], [None, "b"], [4.0, "c"]], dtype=object)
print(TableEncoder().fit(X).transform(X).shape)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["(3, 3)", "(3, 5)"]
