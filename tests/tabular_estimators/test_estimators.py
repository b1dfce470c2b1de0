"""The estimators for tables as users meet them: frames in, predictions out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import d2_pinball_score

import deepgen
from deepgen import MLPClassifier, Probe, TabularClassifier, TabularRegressor
from deepgen.embeddings import CategoryEmbedding
from deepgen.losses import Quantile

from .frames import TINY, frame, labels, numbers

TABLE = frame()


def regressor(**changes):
    return TabularRegressor(**{"network": TINY, "random_state": 0} | changes)


def classifier(**changes):
    return TabularClassifier(**{"network": TINY, "random_state": 0} | changes)


def test_columns_are_found_by_name_in_any_order():
    model = regressor().fit(TABLE, numbers(TABLE))
    assert model.predict(TABLE[TABLE.columns[::-1]]).tolist() == model.predict(TABLE).tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.drop(columns="town"), "town"),
        (lambda table: table.assign(extra=1.0), "extra"),
        (lambda table: table.assign(size=np.inf), "size"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_column(change, words):
    model = regressor().fit(TABLE, numbers(TABLE))
    with pytest.raises(ValueError, match=words):
        model.predict(change(TABLE))


def test_predictions_of_a_classifier_fit_together():
    model = classifier(n_members=2).fit(TABLE, labels(TABLE))
    probabilities = model.predict_proba(TABLE)
    assert model.classes_.tolist() == ["low", "middle", "top"]
    assert probabilities.shape == model.decision_function(TABLE).shape == (len(TABLE), 3)
    assert np.allclose(np.exp(model.predict_log_proba(TABLE)), probabilities)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(TABLE)).all()
    assert model.score(TABLE, labels(TABLE)) == np.mean(model.predict(TABLE) == labels(TABLE))


@pytest.mark.parametrize("hole", [None, np.nan, pd.NA])
@pytest.mark.parametrize("make", [regressor, classifier])
def test_missing_targets_are_refused_with_their_row(make, hole):
    y = labels(TABLE).astype(object)
    y[7] = hole
    with pytest.raises(ValueError, match="1 of 60 targets are missing, the first in row 7"):
        make().fit(TABLE, y)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_refused(value):
    y = numbers(TABLE)
    y[3] = value
    with pytest.raises(ValueError, match="Input y contains"):
        regressor().fit(TABLE, y)


def test_words_are_no_numbers_to_predict():
    with pytest.raises(ValueError, match="row 0 holds .*TabularClassifier"):
        regressor().fit(TABLE, labels(TABLE))


def test_labels_of_several_types_are_refused():
    with pytest.raises(ValueError, match="labels of one type, got int, str"):
        classifier().fit(TABLE, [1, "a"] * 30)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ({"a": [1.0]}, "be a table.* got dict"),
        ("abc", "got str"),
        (None, "be a table.* got NoneType"),
    ],
)
def test_what_is_no_table_is_refused_in_words(X, words):
    with pytest.raises((TypeError, ValueError), match=f"X must .*{words}"):
        regressor().fit(X, [1.0])


def test_one_class_and_a_constant_are_learned():
    model = classifier().fit(TABLE, ["only"] * len(TABLE))
    assert set(model.predict(TABLE)) == {"only"}
    constant = regressor().fit(TABLE, np.full(len(TABLE), 5.0))
    assert np.isfinite(constant.predict(TABLE)).all()


def test_classes_of_one_row_are_learned():
    y = labels(TABLE)
    y[[5, 9]] = "rare", "rarest"
    model = classifier(n_members=3).fit(TABLE, y)
    assert {"rare", "rarest"} < set(model.classes_)
    assert model.predict_proba(TABLE).shape == (60, 5)
    assert "held-out accuracy" in model.summary_


@pytest.mark.filterwarnings("ignore:The fit ended worse:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_rows", [2, 3, 5, 9])
def test_few_rows_train_all_and_say_so(n_rows):
    table = frame(60)[["size", "count", "new"]][:n_rows]
    with pytest.warns(UserWarning, match=f"{n_rows} rows are too few to set some aside"):
        model = regressor().fit(table, table["size"].fillna(0.0))
    assert model.predict(table).shape == (n_rows,)
    assert "held-out" not in model.summary_


def test_one_row_is_refused_in_words():
    with pytest.raises(ValueError, match="no column of X can be used.*n_samples = 1"):
        with pytest.warns(UserWarning):
            regressor().fit(TABLE[:1], [1.0])


def test_ten_rows_set_two_aside():
    table = frame(10)
    model = regressor().fit(table, numbers(table))
    assert "held-out RMSE" in model.summary_


def test_validation_rows_of_ones_own_are_measured():
    other = frame(30, seed=1)
    model = regressor().fit(TABLE, numbers(TABLE), X_val=other, y_val=numbers(other))
    expected = np.sqrt(np.mean((model.predict(other) - numbers(other)) ** 2))
    shown = float(model.summary_.partition("held-out RMSE ")[2].partition(",")[0])
    assert shown == pytest.approx(expected, rel=0.01)


def test_a_validation_table_that_does_not_fit_is_refused_as_such():
    with pytest.raises(ValueError, match="X_val: X lacks column 'town'"):
        regressor().fit(TABLE, numbers(TABLE), X_val=TABLE.drop(columns="town"), y_val=[0.0] * 60)


def test_several_quantiles_are_predicted():
    model = regressor(loss=Quantile([0.1, 0.5, 0.9])).fit(TABLE, numbers(TABLE))
    assert model.predict(TABLE).shape == (len(TABLE), 3)
    assert "held-out pinball loss" in model.summary_


def test_several_targets_are_predicted():
    y = np.column_stack([numbers(TABLE), -numbers(TABLE)])
    model = regressor().fit(TABLE, y)
    assert model.predict(TABLE).shape == y.shape


def test_weights_of_rows_and_classes_reach_the_network():
    weights = np.where(labels(TABLE) == "low", 5.0, 0.1)
    network = {"hidden_layer_sizes": (16,), "max_iter": 40, "dropout": 0.2}
    settings = {"network": network, "n_members": 1, "early_stopping": False}
    heavy = classifier(**settings).fit(TABLE, labels(TABLE), weights)
    class_weight = {"low": 5.0, "middle": 0.1, "top": 0.1}
    by_class = classifier(class_weight=class_weight, **settings).fit(TABLE, labels(TABLE))
    assert heavy.predict_proba(TABLE).tolist() == by_class.predict_proba(TABLE).tolist()


@pytest.mark.parametrize("as_labels", [list, np.array, pd.Series, pd.Categorical])
def test_a_rare_class_is_planned_for(as_labels):
    table = frame(500)
    rare, common = (np.where(np.arange(500) % n, "no", "yes") for n in (5, 2))
    model = classifier(network={"max_iter": 1, "hidden_layer_sizes": (4,)})
    assert model.fit(table, as_labels(rare)).n_members_ == 3
    assert model.mlp_.dropout == 0.4
    assert model.fit(table, as_labels(common)).n_members_ == 1
    assert model.mlp_.dropout == 0.2
    assert model.set_params(n_members=1).fit(table, as_labels(rare)).n_members_ == 1
    # A number of labels per row has no most frequent class.
    both = np.column_stack([rare == "yes", common == "yes"]).astype(int)
    assert model.fit(table, both).mlp_.dropout == 0.2


def test_with_class_weights_the_weighted_loss_chooses_the_epoch():
    assert classifier(class_weight="balanced").fit(TABLE, labels(TABLE)).mlp_.scoring == "loss"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"hidden_layers": (8,)}, "Did you mean 'hidden_layer_sizes'"),
        ({"n_members": 3}, "parameter of the estimator itself"),
        ({"max_time": 3}, "parameter of the estimator itself"),
        ({"warm_start": True}, "partial_fit goes on"),
        ({"activation": "swish"}, "Did you mean 'silu'"),
        ({"dropout": 2.0}, "dropout"),
    ],
)
def test_what_is_wrong_in_network_is_named(network, words):
    with pytest.raises(ValueError, match=words):
        regressor(network=network).fit(TABLE, numbers(TABLE))


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"preset": "balance"}, "balanced"),
        ({"scoring": "mse"}, "neg_mean_squared_error"),
        ({"categorical_features": "from_dtypes"}, "from_dtype"),
        ({"loss": "mae"}, "absolute_error"),
    ],
)
def test_an_unknown_name_is_refused_with_what_was_meant(changes, meant):
    with pytest.raises(ValueError, match=f"Did you mean '{meant}'"):
        regressor(**changes).fit(TABLE, numbers(TABLE))


def test_a_fit_that_fails_leaves_the_estimator_as_it_was():
    model = regressor().fit(TABLE, numbers(TABLE))
    before = model.predict(TABLE).tolist()
    with pytest.raises(ValueError):
        model.fit(TABLE.assign(size=np.inf), numbers(TABLE))
    assert model.predict(TABLE).tolist() == before


def test_members_are_estimators_with_rows_of_their_own_held_out():
    model = regressor(n_members=3).fit(TABLE, numbers(TABLE))
    assert model.n_members_ == 3
    mean = np.mean([member.predict(TABLE) for member in model.members_], axis=0)
    assert np.allclose(mean, model.predict(TABLE))
    with pytest.raises(AttributeError, match="members_"):
        model.history_  # noqa: B018
    assert model.members_[0].history_["epoch"].tolist() == [1, 2, 3]
    from deepgen.estimators.held_out import held_out_rows

    encoded = model.encoder_.transform(TABLE)
    held_out = [held_out_rows(mlp, encoded, numbers(TABLE)) for mlp in model.mlp_.members_]
    assert all(len(rows) == 12 for rows in held_out)
    assert set(held_out[0]) != set(held_out[1])
    # A member trained alone with its seed is the same network.
    member = model.members_[1]
    alone = regressor(random_state=member.random_state).fit(TABLE, numbers(TABLE))
    assert alone.predict(TABLE).tolist() == member.predict(TABLE).tolist()


def test_a_probe_measures_one_network_on_raw_rows():
    model = classifier(n_members=2).fit(TABLE, labels(TABLE))
    with pytest.raises(ValueError, match="members_"):
        Probe(model, TABLE, labels(TABLE))
    member = model.members_[0]
    probe = Probe(member, TABLE, labels(TABLE))
    expected = Probe(member.mlp_, member.encoder_.transform(TABLE), labels(TABLE))
    assert probe.loss() == expected.loss()


def test_partial_fit_goes_on_and_is_refused_by_name_where_it_cannot():
    y = labels(TABLE)
    model = classifier(early_stopping=False)
    for start in (0, 30):
        rows = slice(start, start + 30)
        model.partial_fit(TABLE[rows], y[rows], classes=["low", "middle", "top"])
    assert model.history_["epoch"].tolist() == [1, 2]
    assert model.predict(TABLE).shape == (60,)
    for name, changes in (("early_stopping", {}), ("max_time", {"max_time": 1.0})):
        refused = regressor(**{"early_stopping": name == "early_stopping"} | changes)
        with pytest.raises(AttributeError, match="partial_fit") as error:
            refused.partial_fit(TABLE, numbers(TABLE))
        assert name in str(error.value.__cause__ or error.value)


def test_what_is_printed_shows_encoder_network_and_plan(capsys):
    model = regressor(verbose=True)
    assert "\n" not in repr(model)
    model.fit(TABLE, numbers(TABLE))
    assert capsys.readouterr().out == model.summary_ + "\n"
    for text in (repr(model), model._repr_html_()):
        for word in ("encoder", "network", "plan", "-8-1"):
            assert word.lower() in text.lower()
    assert "TableEncoder" in model._repr_html_() and "MLPRegressor" in model._repr_html_()
    assert "TabularRegressor" in regressor()._repr_html_()


def test_the_bar_is_erased_when_a_fit_fails(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    def scorer(mlp, X, y):
        if len(mlp.history_["epoch"]):
            raise KeyError("scorer")
        return 0.0

    with pytest.raises(KeyError):
        regressor(verbose=True, scoring=scorer).fit(TABLE, numbers(TABLE))
    shown = capsys.readouterr()
    assert "epoch 1/3" in shown.err and shown.err.endswith("\r\x1b[K")
    assert shown.out == ""


def test_the_summary_counts_columns_networks_and_epochs():
    model = classifier(n_members=2).fit(TABLE, labels(TABLE))
    pattern = (
        "60 rows, 6 columns: 2 numbers, 3 categories, 1 date; 2 nets, "
        "[123]( to [123])? of 3 epochs, [0-9.]+ s; held-out accuracy and log loss "
        "0.[0-9]+ and [0-9.]+, constant .*, logistic regression .*"
    )
    import re

    assert re.fullmatch(pattern, model.summary_)


def test_the_mlp_is_one_that_can_be_used_alone():
    model = classifier().fit(TABLE, labels(TABLE))
    assert isinstance(model.mlp_, MLPClassifier)
    encoded = model.encoder_.transform(TABLE)
    assert model.mlp_.predict(encoded).tolist() == model.predict(TABLE).tolist()


def test_the_history_is_drawn():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model = regressor().fit(TABLE, numbers(TABLE))
    assert deepgen.plot_history(model).get_xlabel() == "epoch"


def test_embeddings_stand_on_the_features_that_they_are_for():
    table = frame(200).assign(street=[f"street {place % 20}" for place in range(200)])
    network = {**TINY, "numerical_embedding": "pbld", "category_embedding": CategoryEmbedding()}
    model = regressor(network=network).fit(table, numbers(table))
    planned = model.plan_.network
    encoder = model.encoder_
    assert encoder.category_encoding == "codes"
    assert planned["numerical_embedding"].features == encoder.number_features_.tolist()
    assert planned["category_embedding"].features == encoder.category_features_.tolist() != []
    with pytest.raises(ValueError, match="category_embedding"):
        model.attributions(table)
    few = regressor(network=network).fit(TABLE, numbers(TABLE))
    assert few.plan_.network["category_embedding"] is None


def test_several_quantiles_are_scored_by_their_pinball_losses():
    table = frame(80)
    y = numbers(table)
    model = TabularRegressor(loss=Quantile([0.1, 0.9]), network=TINY, random_state=0).fit(table, y)
    columns = zip(model.predict(table).T, (0.1, 0.9), strict=True)
    wanted = np.mean([d2_pinball_score(y, column, alpha=level) for column, level in columns])
    assert model.score(table, y) == pytest.approx(wanted)
