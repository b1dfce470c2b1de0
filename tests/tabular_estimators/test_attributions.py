"""Attributions of predictions to columns."""

import numpy as np
import pytest

from deepgen import TabularClassifier, TabularRegressor
from deepgen.losses import Quantile

from .frames import TINY, frame, labels, numbers

TABLE = frame()


def linear(**changes):
    network = {"hidden_layer_sizes": (), "max_iter": 20, "clip_predictions": False}
    return TabularRegressor(**{"network": network, "random_state": 0} | changes)


@pytest.mark.parametrize("n_members", [1, 2])
def test_of_a_linear_network_they_add_up_to_the_prediction(n_members):
    model = linear(n_members=n_members).fit(TABLE, numbers(TABLE))
    result = model.attributions(TABLE)
    assert result.columns == tuple(TABLE.columns)
    assert result.values.shape == TABLE.shape and result.unit == "target"
    mean = model.mlp_.predict(model.encoded_mean_[None].astype(np.float32))
    assert np.allclose(result.values.sum(axis=1) + mean, model.predict(TABLE), atol=1e-4)


def test_a_column_that_matters_stands_out():
    network = {"hidden_layer_sizes": (16,), "max_iter": 60}
    table = frame(200)
    model = linear(network=network).fit(table, 5.0 * table["count"])
    importance = model.attributions(table).mean()
    assert importance.argmax() == list(table.columns).index("count")


def test_classes_have_logits_each_and_two_share_one():
    model = TabularClassifier(network=TINY).fit(TABLE, labels(TABLE))
    result = model.attributions(TABLE)
    assert result.values.shape == (60, 6, 3)
    assert result.outputs == ("low", "middle", "top") and result.unit == "logit"
    two = TabularClassifier(network=TINY).fit(TABLE, TABLE["new"]).attributions(TABLE)
    assert two.values.shape == (60, 6) and two.outputs == (True,)


def test_columns_that_were_dropped_add_nothing_and_arrays_have_positions():
    X = np.column_stack([np.linspace(0, 1, 30), np.ones(30)])
    result = linear().fit(X, X[:, 0]).attributions(X)
    assert result.columns == (0, 1)
    assert (result.values[:, 1] == 0).all()


def test_logs_are_attributed_where_the_loss_has_a_link():
    model = linear(loss="poisson").fit(TABLE, np.abs(numbers(TABLE)))
    assert model.attributions(TABLE).unit == "log of the prediction"


def test_several_quantiles_are_refused():
    model = linear(loss=Quantile([0.1, 0.9])).fit(TABLE, numbers(TABLE))
    with pytest.raises(ValueError, match="quantile"):
        model.attributions(TABLE)


def test_they_are_printed_and_drawn():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    result = linear().fit(TABLE, numbers(TABLE)).attributions(TABLE)
    assert "60 rows" in repr(result) and "town" in repr(result)
    assert len(result.plot().patches) == 6
