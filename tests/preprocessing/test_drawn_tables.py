"""Drawn tables: the twin's features whatever library holds them, or a refusal by name."""

import datetime
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepgen.preprocessing import TableEncoder
from reference.table_encoding import encode_categories, encode_dates, encode_numbers

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")
pytest.importorskip("pyarrow")

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
SIZES = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3))
OLD = datetime.datetime(1600, 1, 1)
NEW = datetime.datetime(2300, 1, 1)
KINDS = {
    "number": SIZES,
    "whole": st.integers(-50, 50),
    "text": st.sampled_from(["", "a", "b", "True", "1", "nan", "é", "a b"]),
    "truth": st.booleans(),
    "date": st.datetimes(OLD, NEW).map(lambda date: date.replace(microsecond=0, fold=0)),
}
JUNK = st.one_of(
    *KINDS.values(),
    *(st.just(value) for value in (np.inf, pandas.NA, pandas.NaT, np.nan, 10**400, object())),
    *(st.binary(max_size=1), st.times(), st.timedeltas(), st.complex_numbers(), st.decimals()),
    st.lists(st.none(), max_size=1),
)


@st.composite
def tables(draw):
    """Columns of one kind each, as lists with None where a value is missing."""
    n = draw(st.integers(2, 30))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4))
    columns = {}
    for place, kind in enumerate(kinds):
        values = KINDS[kind] if draw(st.booleans()) else st.one_of(KINDS[kind], st.none())
        columns[f"c{place} {kind}"] = draw(st.lists(values, min_size=n, max_size=n))
    return columns


def twin(columns):
    """Return the features of columns, (n_rows, n_features)."""
    blocks = []
    for name, values in columns.items():
        kind = name.split()[1]
        if len({*values} - {None}) == 0:
            continue
        if kind in ("number", "whole"):
            block = encode_numbers(values, values)
        elif kind == "date":
            block = encode_dates(values, values)
        else:
            block = encode_categories(values, values)
        if block is not None:
            blocks.append(block)
    return np.hstack(blocks) if blocks else None


def clothes(columns):
    """The same table as held by several libraries."""
    plain = pandas.DataFrame({n: pandas.Series(v, dtype=object) for n, v in columns.items()})
    types = {"number": polars.Float64, "whole": polars.Int32, "text": polars.String}
    types |= {"truth": polars.Boolean, "date": polars.Datetime("ms")}
    frame = polars.DataFrame(
        {n: polars.Series(n, v, dtype=types[n.split()[1]]) for n, v in columns.items()}
    )
    words = [name for name in columns if name.endswith("text")]
    yield plain
    yield plain.convert_dtypes()
    yield plain.convert_dtypes(dtype_backend="pyarrow")
    yield plain.astype(dict.fromkeys(words, "category"))
    yield frame
    yield frame.with_columns(polars.col(words).cast(polars.Categorical)) if words else frame
    yield frame.to_arrow()


@QUICK
@given(tables())
def test_features_are_the_twins_whatever_holds_the_table(columns):
    expected = twin(columns)
    for table in clothes(columns):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*no value and will be dropped")
            if expected is None:
                with pytest.raises(ValueError, match="no column of X can be used"):
                    TableEncoder().fit(table)
                continue
            features = TableEncoder().fit(table).transform(table)
        np.testing.assert_allclose(features, expected, rtol=1e-5, atol=1e-5)


@QUICK
@given(st.data(), st.sampled_from(["robust", "standard", "quantile"]), st.booleans())
def test_whatever_comes_is_encoded_or_refused_by_name(data, scale, as_codes):
    n = data.draw(st.integers(1, 12))
    cells = st.lists(JUNK, min_size=n, max_size=n)
    kinds = [
        st.lists(st.one_of(kind, st.none()), min_size=n, max_size=n) for kind in KINDS.values()
    ]
    columns = data.draw(st.lists(st.one_of(*kinds, cells), min_size=1, max_size=3))
    table = pandas.DataFrame(
        {f"c{place}": pandas.Series(values, dtype=object) for place, values in enumerate(columns)}
    )
    encoding = "codes" if as_codes else "onehot"
    encoder = TableEncoder(scale, "ple", 3, category_encoding=encoding)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no value and will be dropped")
        try:
            features = encoder.fit(table).transform(table)
        except ValueError as error:
            assert "column" in str(error)
            return
    assert features.dtype == np.float32 and np.isfinite(features).all()
    assert features.shape[1] == len(encoder.get_feature_names_out())
    np.testing.assert_array_equal(encoder.transform(table.iloc[:, ::-1]), features)
    np.testing.assert_array_equal(encoder.transform(table.iloc[-1:]), features[-1:])
    again = TableEncoder.from_data(encoder.to_data())
    np.testing.assert_array_equal(again.transform(table), features)
