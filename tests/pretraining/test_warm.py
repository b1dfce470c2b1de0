"""Warm starts: MLPs whose first layers begin at a pretrained encoder."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.initializers import DataDependent, Pretrained
from deepgen.pretraining import SCARF, VIME, DenoisingAutoencoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

random_state = np.random.default_rng(0)
X = random_state.normal(size=(120, 4))
Y = X[:, 0] * X[:, 1]
LABELS = np.where(Y > 0, "above", "below")
ENCODER = VIME((9, 6), tol=1e9, n_iter_no_change=2, random_state=0).fit(X)
STILL = {"learning_rate_init": 1e-12, "max_iter": 1, "random_state": 1}
MLP = MLPClassifier((9, 6, 5), **STILL)


def assert_starts_at_the_encoder(model, encoder=ENCODER):
    for layer in range(2):
        own, given = model.coefs_[layer], encoder.network_.coefs()[layer]
        np.testing.assert_allclose(own, given, atol=1e-6)
        np.testing.assert_allclose(
            model.intercepts_[layer], encoder.network_.intercepts()[layer], atol=1e-6
        )


@pytest.mark.parametrize("kind", [DenoisingAutoencoder, VIME, SCARF])
def test_the_first_layers_start_at_the_encoder_and_the_others_as_before(kind):
    encoder = kind((9, 6), max_iter=3, random_state=0).fit(X)
    warm = encoder.warm(MLP).fit(X, LABELS)
    assert_starts_at_the_encoder(warm, encoder)
    np.testing.assert_array_equal(warm.coefs_[2].shape, (6, 5))
    np.testing.assert_allclose(warm.embed(X, layer=1), encoder.transform(X), atol=1e-5)
    cold = clone(MLP).fit(X, LABELS)
    for layer in (2, 3):
        np.testing.assert_allclose(warm.coefs_[layer], cold.coefs_[layer], atol=1e-6)


def test_the_given_estimator_stays_as_it_is():
    mlp = clone(MLP)
    warm = ENCODER.warm(mlp)
    assert mlp.initializer == "glorot_uniform" and repr(warm.initializer) == "Pretrained(4-9-6)"
    assert ENCODER.warm(warm).initializer.rest == "glorot_uniform"
    start = warm.initializer.coefs[0]
    start[...] = 0.0
    assert ENCODER.network_.coefs()[0].any()


def test_warm_starts_survive_pipelines_clones_searches_and_files(tmp_path):
    scaled = make_pipeline(StandardScaler(), ENCODER.warm(MLP))
    assert_starts_at_the_encoder(scaled.fit(X, LABELS)[-1])
    assert_starts_at_the_encoder(clone(scaled).fit(X, LABELS)[-1])
    search = GridSearchCV(ENCODER.warm(MLP), {"alpha": [0.0, 0.1]}, cv=2).fit(X, LABELS)
    assert_starts_at_the_encoder(search.best_estimator_)
    assert np.isfinite(cross_val_score(ENCODER.warm(MLP), X, LABELS, cv=2)).all()
    fitted = ENCODER.warm(MLP).fit(X, LABELS)
    fitted.save(tmp_path / "warm.dgn")
    again = deepgen.load(tmp_path / "warm.dgn")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert_starts_at_the_encoder(clone(again).fit(X, LABELS))


def test_members_and_other_solvers_start_there_too():
    both = ENCODER.warm(MLPRegressor(hidden_layer_sizes=(9, 6), n_members=2, **STILL)).fit(X, Y)
    for member in both.members_:
        assert_starts_at_the_encoder(member)
    first, second = both.members_
    assert (first.coefs_[2] != second.coefs_[2]).any()
    trained = ENCODER.warm(MLPRegressor(hidden_layer_sizes=(9, 6), solver="lbfgs", max_iter=5)).fit(
        X, Y
    )
    assert np.isfinite(trained.predict(X)).all()


def test_a_representation_serves_any_estimator():
    probe = make_pipeline(StandardScaler(), clone(ENCODER), LogisticRegression())
    assert 0.3 < probe.fit(X, LABELS).score(X, LABELS) <= 1.0


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (MLPClassifier((9, 7)), r"must begin with the widths of the pretrained layers, \(9, 6\)"),
        (MLPClassifier(9), r"hidden_layer_sizes=\(9,\) must begin"),
        (MLPClassifier((9, 6), activation="tanh"), r"have \('relu', 'relu'\)"),
        (MLPClassifier((9, 6), normalization="batch"), "normalization='batch' would give"),
        (MLPClassifier((9, 6), skip="residual"), "skip='residual' would give"),
        (MLPClassifier((9, 6), input_scale=True), "input_scale=True would give"),
        (MLPClassifier((9, 6), bias=False), "bias=False would give"),
        (MLPClassifier((9, 6), parametrization="ntk"), "parametrization='ntk' would give"),
        (MLPClassifier((9, 6), initializer="data_dependent"), "would rescale the encoder's"),
        (MLPClassifier((9, 6), initializer=DataDependent()), "would rescale the encoder's"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_not_the_encoders_network_is_refused_at_once(estimator, message):
    with pytest.raises(ValueError, match=message):
        ENCODER.warm(estimator)


def test_later_changes_are_refused_by_fit():
    with pytest.raises(ValueError, match="must begin with the widths"):
        ENCODER.warm(MLP).set_params(hidden_layer_sizes=(5,)).fit(X, LABELS)
    with pytest.raises(ValueError, match="X has 3 features, and the pretrained layers take 4"):
        ENCODER.warm(MLP).fit(X[:, :3], LABELS)


def test_only_a_fitted_encoder_warms_and_only_mlps_are_warmed():
    with pytest.raises(NotFittedError):
        VIME().warm(MLP)
    with pytest.raises(TypeError, match="needs an MLPClassifier or an MLPRegressor.*got Logistic"):
        ENCODER.warm(LogisticRegression())


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (Pretrained(), "one or more layers, got 0, 0 and 0"),
        (Pretrained((np.ones((4, 9)),), (), ("relu",)), "got 1, 0 and 1"),
        (Pretrained((np.ones((4, 9)),), (np.ones(8),), ("relu",)), "do not fit each other"),
        (Pretrained((np.full((4, 9), np.nan),), (np.ones(9),), ("relu",)), "not finite"),
        (Pretrained((np.full((4, 9), "a"),), (np.ones(9),), ("relu",)), "not real"),
        (Pretrained((np.ones((4, 9)) * 1j,), (np.ones(9),), ("relu",)), "not real"),
        (Pretrained((np.ones((4, 9)),), (np.full(9, None),), ("relu",)), "not real"),
        (
            Pretrained((np.ones((4, 9)),), (np.ones(9),), ("relu",), rest="data_dependent"),
            "unknown rest 'data_dependent'",
        ),
    ],
    ids=str,
)
def test_layers_that_are_none_are_refused(start, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier((9, 6), initializer=start, max_iter=1).fit(X, LABELS)
