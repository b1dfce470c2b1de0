"""The recipe of a table's network: what it takes, what it measures, how little the seed matters."""

import numpy as np
import pandas
import pytest
from sklearn.metrics import log_loss, roc_auc_score

import deepgen
from deepgen import cli
from deepgen.tables.fit import fit_table
from deepgen.tables.measures import class_measures


def table(n=300, *, rare=False):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    names = np.where(X[:, 0] + X[:, 1] > (2 if rare else 0), "yes", "no")
    return pandas.DataFrame(X, columns=list("abc")).assign(y=names, price=X[:, 0] + X[:, 2] ** 2)


TABLE = table()
CLASSES, PRICES = TABLE.drop(columns="price"), TABLE.drop(columns="y")


def test_members_patience_scoring_and_seed_reach_the_network():
    model = fit_table(CLASSES, "y", max_iter=9, n_members=2, patience=3, scoring="roc_auc", seed=4)
    estimator = model.estimator
    assert len(estimator.members_) == estimator.n_members == 2
    assert (estimator.n_iter_no_change, estimator.scoring, estimator.random_state) == (
        3,
        "roc_auc",
        4,
    )
    assert model.network is estimator.members_[0] and model.network.coefs_[0].shape == (3, 128)
    assert all(member.n_iter_ <= 9 for member in estimator.members_)


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
    model = fit_table(table(400, rare=True).drop(columns="price"), "y", max_iter=60)
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
    assert cli.main([*words, "--scoring", "roc_auc", "--seed", "3", "--patience", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("network  2 members of 3-128-128-1, ") for line in lines)
    assert any(line.startswith("AUC      0.") and "0.5000 for always" in line for line in lines)
    assert any(line.startswith("log loss 0.") and "held out" in line for line in lines)
    loaded = deepgen.load(model)
    assert loaded.estimator.random_state == 3 and loaded.estimator.n_iter_no_change == 2
    same = fit_table(CLASSES, "y", max_iter=4, n_members=2, scoring="roc_auc", seed=3, patience=2)
    assert loaded.probabilities(CLASSES).equals(same.probabilities(CLASSES))
    pytest.importorskip("matplotlib")
    assert cli.main(["report", model, data, "--out", page]) == 0
    text = (tmp_path / "t.html").read_text()
    for said in ("The mean of 2 networks", "Of the first of 2 networks", "AUC", "log loss"):
        assert said in text
    assert cli.main([*words, "--scoring", "auc"]) == 2
    assert "Did you mean 'roc_auc'?" in capsys.readouterr().err


def test_members_have_a_line_in_place_of_a_bar(monkeypatch, capsys):
    from deepgen.cli.progress import Bar, watch_epochs

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    model = deepgen.MLPRegressor(n_members=3)
    assert watch_epochs(model, Bar("fit")) is model
    assert "training 3 networks side by side" in capsys.readouterr().err
