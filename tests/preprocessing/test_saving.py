"""An encoder in a file: the same bits, and nothing that runs."""

import datetime

import numpy as np
import pytest

import deepgen
from deepgen._serialization.file_format import pack, unpack
from deepgen.preprocessing import TableEncoder

RNG = np.random.default_rng(1)
X = np.array(
    [
        [RNG.normal() if i % 7 else None, RNG.choice(list("abc")), i % 3 == 0, 2.5 * (i % 11),
         datetime.datetime(1850 + i, 1 + i % 12, 3, i % 24)]
        for i in range(60)
    ],
    dtype=object,
)  # fmt: skip


@pytest.fixture(
    params=[
        {},
        {"numbers": "quantile", "numerical_encoding": "ple", "n_bins": 8},
        {"numbers": "standard", "categorical_features": [1, 2, 3], "category_encoding": "codes"},
    ]
)
def encoder(request):
    return TableEncoder(**request.param).fit(X)


def test_a_loaded_encoder_gives_the_same_bits_and_the_same_file(encoder, tmp_path):
    encoder.save(tmp_path / "encoder.dgn")
    again = deepgen.load(tmp_path / "encoder.dgn")
    assert type(again) is TableEncoder
    assert again.get_params() == encoder.get_params()
    np.testing.assert_array_equal(again.transform(X), encoder.transform(X))
    assert again.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    assert again.dropped_columns_ == encoder.dropped_columns_
    again.save(tmp_path / "again.dgn")
    assert (tmp_path / "again.dgn").read_bytes() == (tmp_path / "encoder.dgn").read_bytes()


def test_names_survive(tmp_path):
    pandas = pytest.importorskip("pandas")
    for names in (["a", "b"], [0, "b"], [1, 7], [("a", 1), ("a", 2)]):
        table = pandas.DataFrame([[1.0, "x"], [2.0, "y"], [3.0, "z"]])
        table.columns = pandas.Index(names, tupleize_cols=False)
        encoder = TableEncoder().fit(table)
        encoder.save(tmp_path / "encoder.dgn")
        again = deepgen.load(tmp_path / "encoder.dgn")
        moved = table.iloc[:, ::-1]
        np.testing.assert_array_equal(again.transform(moved), encoder.transform(table))
        # Names that are neither text nor whole numbers become text.
        assert hasattr(again, "feature_names_in_") == (int not in map(type, names))


@pytest.mark.parametrize(("change", "match"), [
    (lambda data: data.clear(), "malformed"),
    (lambda data: data.pop("names"), "malformed"),
    (lambda data: data["parameters"].update(numbers="evil"), "numbers"),
    (lambda data: data["parameters"].update(evil=1), "malformed"),
    (lambda data: data["columns"].pop(0), "out of place"),
    (lambda data: data["columns"][0].update(kind="evil"), "malformed"),
    (lambda data: data["columns"][0].update(place=77), "out of place"),
    (lambda data: data["columns"][0].update(evil=1), "malformed"),
    (lambda data: data["columns"][0].update(scale={"scale": "evil"}), "malformed"),
    (lambda data: data["columns"][0].update(median="much"), "malformed"),
    (lambda data: data["columns"][1].update(levels=5), "malformed"),
    (lambda data: data.update(names=("a",)), "1 names of 5 columns"),
])  # fmt: skip
def test_a_file_that_does_not_fit_is_refused(tmp_path, change, match):
    from deepgen._serialization.plain_data import Reader, Writer

    path = tmp_path / "encoder.dgn"
    TableEncoder().fit(X).save(path)
    description, tensors = unpack(path.read_bytes())
    data = Reader(tensors).read(description["table_encoder"])
    change(data)
    writer = Writer()
    description["table_encoder"] = writer.write(data)
    path.write_bytes(pack(description, writer.tensors))
    with pytest.raises(ValueError, match=rf"cannot load .*{match}"):
        deepgen.load(path)
