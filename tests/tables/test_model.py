"""Models of tables in files: what was saved is what is loaded."""

import numpy as np
import pytest

import deepgen
from deepgen._serialization.file_format import pack, unpack
from deepgen.tables import TableModel
from deepgen.tables.fit import fit_table

pandas = pytest.importorskip("pandas")


def make_table():
    random = np.random.default_rng(0)
    kind = random.choice(["a", "b", None], 200)
    table = pandas.DataFrame({"size": 1e3 * random.normal(size=200), "kind": kind})
    table.loc[::7, "size"] = np.nan
    table["price"] = 1e5 * (table["size"].fillna(0) / 1e3 + (table["kind"] == "a"))
    table["label"] = np.where(table["price"] > 0, "dear", "cheap")
    return table


TABLE = make_table()


@pytest.fixture(scope="module", params=["price", "label"])
def model(request):
    table = TABLE.drop(columns={"price": "label", "label": "price"}[request.param])
    return fit_table(table, request.param, max_iter=20, hidden_layer_sizes=[16])


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "model.dgn"
    model.save(path)
    return path


def test_a_loaded_model_takes_the_table_and_predicts_the_same_bits(model, path):
    loaded = deepgen.load(path)
    assert isinstance(loaded, TableModel)
    assert (loaded.target, loaded.task) == (model.target, model.task)
    assert str(loaded.encoder.to_data()) == str(model.encoder.to_data())
    assert loaded.metadata == model.metadata
    np.testing.assert_array_equal(loaded.predict(TABLE), model.predict(TABLE))
    if model.task == "classification":
        assert loaded.probabilities(TABLE).equals(model.probabilities(TABLE))


def test_a_loaded_model_gives_the_same_file(path, tmp_path):
    deepgen.load(path).save(tmp_path / "again.dgn")
    assert (tmp_path / "again.dgn").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("change", "match"), [
    (lambda data: data["table"].clear(), "malformed"),
    (lambda data: data["table"].pop("metadata"), "malformed"),
    (lambda data: data["table"].update(task="sort"), "its task is 'sort'"),
    (lambda data: data.pop("tabular"), "an earlier version of 'deepgen fit' has written it"),
    (lambda data: data.update(more={}), "unknown section 'more'"),
])  # fmt: skip
def test_a_section_that_does_not_fit_is_refused(path, tmp_path, change, match):
    description, tensors = unpack(path.read_bytes())
    change(description)
    forged = tmp_path / "forged.dgn"
    forged.write_bytes(pack(description, tensors))
    with pytest.raises(ValueError, match=rf"cannot load '.*forged\.dgn': .*{match}"):
        deepgen.load(forged)


def test_every_altered_byte_of_the_section_is_noticed(path, tmp_path):
    content = path.read_bytes()
    start = content.index(rb"\"table\"")
    altered = tmp_path / "altered.dgn"
    for place in range(start, start + 200):
        altered.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ValueError, match=r"altered\.dgn"):
            deepgen.load(altered)


def test_a_place_that_cannot_be_written_is_named(model, tmp_path):
    with pytest.raises(ValueError, match="cannot write .*nowhere"):
        model.save(tmp_path / "nowhere" / "model.dgn")
