"""The recipe of a table's network: what it takes, what it measures, how little the seed matters."""

import numpy as np
import pandas
import pytest
from sklearn.metrics import log_loss, roc_auc_score

import deepgen
from deepgen import cli
from deepgen.estimators.held_out import held_out_rows
from deepgen.tables.fit import fit_table
from deepgen.tables.held_out import seen_and_held_out
from deepgen.tables.measures import class_measures


def table(n=300, *, rare=False):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    names = np.where(X[:, 0] + X[:, 1] > (2 if rare else 0), "yes", "no")
    return pandas.DataFrame(X, columns=list("abc")).assign(y=names, price=X[:, 0] + X[:, 2] ** 2)


TABLE = table()
CLASSES, PRICES = TABLE.drop(columns="price"), TABLE.drop(columns="y")


def test_settings_reach_the_network():
    settings = {"max_iter": 9, "n_members": 2, "patience": 3, "scoring": "roc_auc", "seed": 4}
    model = fit_table(CLASSES, "y", hidden_layer_sizes=[16, 8], preset="fast", **settings)
    estimator = model.estimator
    assert (estimator.preset, estimator.n_members_, estimator.random_state) == ("fast", 2, 4)
    network = estimator.plan_.network
    assert (network["n_iter_no_change"], network["scoring"], network["max_iter"]) == (
        *(3, "roc_auc", 9),
    )
    assert model.network is estimator.mlp_.members_[0] and model.network.coefs_[1].shape == (16, 8)
    assert fit_table(CLASSES, "y", max_iter=2).estimator.plan_.network["scoring"] == "loss"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_time_budget_is_kept():
    model = fit_table(PRICES, "price", max_time=0.5)
    assert model.estimator.max_time == 0.5
    assert model.network.history_["time"][-1] < 2.0


@pytest.mark.parametrize("n_members", [1, 3])
def test_held_out_rows_are_predicted_by_networks_that_have_not_seen_them(n_members):
    model = fit_table(PRICES, "price", max_iter=3, n_members=n_members)
    X, y = PRICES.drop(columns="price"), PRICES["price"].to_numpy()
    seen, held_out = seen_and_held_out(model.estimator, X, y)
    encoded = model.encoder.transform(X)
    rows = [set(held_out_rows(mlp, encoded, y).tolist()) for mlp in model.estimator.mlp_.members_]
    assert set(held_out.rows.tolist()) == set.union(*rows)
    row = int(held_out.rows[0])
    for part, unseen in ((held_out, True), (seen, False)):
        mean = np.mean(
            [
                mlp.predict(encoded[[row]])[0]
                for mlp, own in zip(model.estimator.mlp_.members_, rows, strict=True)
                if (row in own) == unseen
            ]
            or [np.nan]
        )
        found = part.predictions[part.rows == row]
        assert found.tolist() == ([] if np.isnan(mean) else [pytest.approx(mean)])
    n_rows = model.metadata["rows"]
    assert n_rows["held out"] == len(held_out.rows) >= 60


@pytest.mark.parametrize(("name", "words"), [("auc", "unknown scoring 'auc'.*mean 'roc_auc'"),
                                             ("mse", "mean 'neg_mean_squared_error'")])  # fmt: skip
def test_an_unknown_score_is_refused_before_training(name, words):
    with pytest.raises(ValueError, match=words):
        fit_table(CLASSES, "y", scoring=name)


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_score_of_classes_is_refused_for_numbers(n_members):
    with pytest.raises(ValueError, match="scoring='roc_auc' does not fit regression"):
        fit_table(PRICES, "price", scoring="roc_auc", n_members=n_members)


@pytest.mark.parametrize("names", [[0, 1, 2, "y"], ["a", None, 3, "y"]])
def test_columns_may_have_names_that_are_no_words(names):
    with pytest.raises(ValueError, match="there is no column 'z'"):
        fit_table(CLASSES.set_axis(names, axis=1), "z")


def test_probabilities_are_measured_on_both_parts():
    rare = table(400, rare=True).drop(columns="price")
    assert fit_table(rare, "y", max_iter=1).estimator.n_members_ == 3
    assert fit_table(rare, "y", max_iter=1, preset="fast").estimator.n_members_ == 1
    # One network, whose held-out rows have the classes in their shares.
    model = fit_table(rare, "y", max_iter=60, n_members=1)
    measured = model.metadata["probabilities"]
    assert set(measured) == {"training", "held out", "baseline"}
    for part in measured.values():
        assert list(part) == ["AUC", "log loss"]
    assert measured["baseline"]["AUC"] == 0.5 < measured["held out"]["AUC"] <= 1
    shares = pandas.Series(table(400, rare=True).y).value_counts(normalize=True)
    entropy = -(shares * np.log(shares)).sum()
    assert measured["baseline"]["log loss"] == pytest.approx(entropy, rel=0.05)
    assert fit_table(PRICES, "price", max_iter=1).metadata["probabilities"] == {}


def test_measures_are_scikit_learns():
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 3, 60), rng.dirichlet([1, 1, 1], 60)
    measured = class_measures(y, p, np.arange(3))
    assert measured["log loss"] == pytest.approx(log_loss(y, p))
    assert measured["AUC"] == pytest.approx(roc_auc_score(y, p, multi_class="ovr"))
    two = class_measures(y[y < 2], p[y < 2, :2] / p[y < 2, :2].sum(1, keepdims=True), np.arange(2))
    assert two["AUC"] == pytest.approx(roc_auc_score(y[y < 2], p[y < 2, 1] / p[y < 2, :2].sum(1)))
    # A class that does not occur leaves no area, one that is not known no measure.
    assert list(class_measures(y[y < 2], p[y < 2], np.arange(3))) == ["log loss"]
    assert class_measures(y, p, np.arange(1, 4)) == {}


def test_the_command_line_takes_and_tells_them(tmp_path, capsys):
    CLASSES.to_csv(tmp_path / "t.csv", index=False)
    data, model, page = (f"{tmp_path}/{name}" for name in ("t.csv", "t.dgn", "t.html"))
    words = ["fit", data, "--target", "y", "--out", model, "--epochs", "4", "--members", "2"]
    words += ["--preset", "fast", "--hidden", "16"]
    assert cli.main([*words, "--scoring", "roc_auc", "--seed", "3", "--patience", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("fit      300 rows, 3 columns: 3 numbers; 2 nets") for line in lines)
    assert any(line.startswith("AUC      0.") and "0.5000 for always" in line for line in lines)
    assert any(line.startswith("log loss 0.") and "held out" in line for line in lines)
    loaded = deepgen.load(model)
    assert loaded.estimator.random_state == 3
    settings = {"max_iter": 4, "n_members": 2, "scoring": "roc_auc", "seed": 3, "patience": 2}
    same = fit_table(CLASSES, "y", preset="fast", hidden_layer_sizes=[16], **settings)
    assert loaded.probabilities(CLASSES).equals(same.probabilities(CLASSES))
    pytest.importorskip("matplotlib")
    assert cli.main(["report", model, data, "--out", page, "--max-time", "2"]) == 0
    text = (tmp_path / "t.html").read_text()
    for said in ("The mean of 2 networks", "Of the first of 2 networks", "AUC", "log loss"):
        assert said in text
    assert cli.main([*words, "--scoring", "auc"]) == 2
    assert "Did you mean 'roc_auc'?" in capsys.readouterr().err
