"""Tables encoded chunk by chunk: the bits of the whole, and bounded memory."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from tabular_estimators.frames import TINY, frame, labels, numbers

from deepgen import TabularClassifier, TabularRegressor
from deepgen.preprocessing import TableEncoder
from deepgen.preprocessing.chunks import encoded_chunks


@pytest.fixture(params=[1, 7, 40])
def short(request, monkeypatch):
    monkeypatch.setattr("deepgen.preprocessing.chunks.CHUNK", 1)
    monkeypatch.setattr("deepgen.preprocessing.chunks.MULTIPLE", request.param)
    return request.param


def table_of(kind):
    table = frame(100)
    if kind in ("objects", "numbers"):
        columns = ["size", "count"] if kind == "numbers" else ["size", "count", "town", "new"]
        return table[columns].to_numpy(dtype=float if kind == "numbers" else object)
    table["word"] = table["town"].astype("string")
    table["zone"] = table["sold"].dt.tz_localize("Europe/Berlin")
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(table)
    if kind == "arrow":
        return pytest.importorskip("pyarrow").Table.from_pandas(table)
    table["late"] = np.where(np.arange(100) < 50, None, table["count"])
    return table


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "objects", "numbers"])
def test_chunks_have_the_bits_of_the_whole(kind, short):
    table = table_of(kind)
    encoder = TableEncoder(numerical_encoding="ple").fit(table)
    chunks = list(encoded_chunks(encoder, table))
    assert [len(chunk) for chunk in chunks[:-1]] == [short] * (len(chunks) - 1)
    np.testing.assert_array_equal(np.concatenate(chunks), encoder.transform(table))


@pytest.mark.parametrize("n_members", [1, 2])
def test_predictions_have_the_bits_of_all_rows_at_once(n_members, short):
    table = frame(100)
    settings = {"network": TINY, "random_state": 0, "n_members": n_members}
    model = TabularRegressor(**settings).fit(table, numbers(table))
    encoded = model.encoder_.transform(table)
    np.testing.assert_array_equal(model.predict(table), model.mlp_.predict(encoded))
    assert model.score(table, numbers(table)) == model.mlp_.score(encoded, numbers(table))
    model = TabularClassifier(**settings).fit(table, labels(table))
    encoded = model.encoder_.transform(table)
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        np.testing.assert_array_equal(
            getattr(model, name)(table), getattr(model.mlp_, name)(encoded)
        )
    assert model.score(table, labels(table)) == model.mlp_.score(encoded, labels(table))


def test_sparse_labels_come_back_sparse(short):
    from scipy.sparse import csr_matrix

    table = frame(100)
    both = np.column_stack([table["new"], table["count"] > 2]).astype(int)
    model = TabularClassifier(network=TINY, random_state=0).fit(table, csr_matrix(both))
    predicted = model.predict(table)
    assert predicted.shape == (100, 2) and predicted.format == "csr"
    timed = TabularClassifier(network=TINY, random_state=0, max_time=5.0)
    assert timed.fit(table, csr_matrix(both)).predict(table).format == "csr"


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("size", np.inf, "column 'size' holds infinity in row 95"),
        ("count", "x", "column 'count' mixes numbers and text: .* in row 95"),
        ("town", 5, "column 'town' mixes .* in row 95"),
    ],
)
def test_messages_tell_the_row_of_the_table(column, value, words, short):
    table = frame(100)
    encoder = TableEncoder().fit(table)
    table[column] = table[column].astype(object)
    table.loc[94, column] = value
    with pytest.raises(ValueError, match=words):
        list(encoded_chunks(encoder, table))


def test_predicting_many_rows_takes_the_memory_of_a_chunk(rng):
    X = pd.DataFrame(rng.normal(size=(60_000, 20)))
    model = TabularRegressor(early_stopping=False, network={"hidden_layer_sizes": (4,)})
    model.partial_fit(X[:200], X[0][:200])
    encoded = 4 * len(X) * len(model.encoder_.feature_kinds_)
    assert encoded > 75e6
    tracemalloc.start()
    try:
        model.predict(X)
        assert tracemalloc.get_traced_memory()[1] < 40e6 < encoded / 1.9
    finally:
        tracemalloc.stop()
