import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from deepgen import MLPClassifier
from deepgen.decomposition import GaussianClasses, HeteroscedasticSine, NoisyMoons, decompose
from deepgen.decomposition.log_risk import LogRisk, log_probabilities
from deepgen.decomposition.zero_one_risk import ZeroOneRisk

MOONS = NoisyMoons(0.3)
GAUSS = GaussianClasses([[-1.0, 0.0], [1.0, 0.0]])
LINEAR = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
NET = MLPClassifier((8,), learning_rate_init=0.02, max_iter=30)


def run(estimator, truth=MOONS, n_samples=60, **settings):
    settings = {"n_repeats": 3, "n_test": 2_000, "n_starts": 1, "random_state": 0} | settings
    return decompose(estimator, truth, n_samples, **settings)


@pytest.mark.parametrize("risk", ["log_loss", "zero_one"])
@pytest.mark.parametrize(
    "estimator",
    [LINEAR, NET, make_pipeline(StandardScaler(), NET), KNeighborsClassifier(9)],
    ids=["linear", "network", "scaled network", "neighbours"],
)
def test_both_identities_telescope(estimator, risk):
    result = run(estimator, risk=risk)
    for reading in (result, result.deck, result.bottou_bousquet):
        total = reading.approximation + reading.estimation + reading.optimization
        assert abs(total - reading.excess) < 1e-12
    assert result.risk == pytest.approx(result.bayes_risk + result.excess, rel=1e-12)
    assert result.rho == pytest.approx(result.deck.optimization, abs=1e-12)
    assert result.rho >= 0 and result.approximation >= 0
    assert result.bayes_risk == (MOONS.bayes_log_loss if risk == "log_loss" else MOONS.bayes_error)
    assert ("nats" in result.unit) == (risk == "log_loss")


def test_logistic_regression_has_wilks_estimation_error_in_both_readings():
    # Twice the sample's gain in log likelihood is chi-square with d + 1 degrees of freedom, and the
    # excess log loss has the same mean: (d + 1) / 2n.
    n, expected = 400, 3 / (2 * 400)
    result = run(LINEAR, GAUSS, n, n_repeats=60, n_test=4_000)
    assert result.approximation < 1e-7  # the truth is one of them
    assert abs(result.estimation - expected) < 3 * result.estimation_se
    deck = result.deck
    assert abs(deck.estimation + expected) < 3 * deck.estimation_se
    assert abs(result.optimization) < 1e-9
    assert result.bayes_risk == GAUSS.bayes_log_loss


def test_a_line_through_the_moons_has_the_approximation_error_of_the_best_line():
    from scipy.optimize import minimize

    result = run(LINEAR, n_test=10_000, n_repeats=2)
    X, weights = MOONS.nodes(10_000)
    p = MOONS.probabilities(X)[:, 1]

    def risk(w):
        z = X @ w[:2] + w[2]
        return weights @ (np.logaddexp(0, z) - p * z)

    best = minimize(risk, np.zeros(3), tol=1e-12).fun - MOONS.bayes_log_loss
    # An upper bound, by a search on 10,000 sampled inputs.
    assert best - 1e-6 <= result.approximation < best + 1e-3


def test_the_risks_of_a_known_predictor_are_integrals():
    class Guess:
        classes_ = np.array([0, 1])

        def __init__(self, q):
            self.q = q

        def predict_proba(self, X):
            return np.tile([1 - self.q, self.q], (len(X), 1))

        def predict(self, X):
            return np.full(len(X), int(self.q > 0.5))

    X, weights = GAUSS.nodes(40_000)
    p = GAUSS.probabilities(X)
    for q in (0.5, 0.8):
        # The classes are equally probable.
        log_loss = -0.5 * (np.log(q) + np.log(1 - q))
        excess = LogRisk().excess(Guess(q), X, p, weights)
        assert excess == pytest.approx(log_loss - GAUSS.bayes_log_loss, rel=1e-6)
        excess = ZeroOneRisk().excess(Guess(q), X, p, weights)
        assert excess == pytest.approx(0.5 - GAUSS.bayes_error, rel=1e-3)
    y = np.array([0, 1, 1, 1])
    assert LogRisk().empirical(Guess(0.8), X[:4], y) == pytest.approx(
        -(np.log(0.2) + 3 * np.log(0.8)) / 4
    )
    assert ZeroOneRisk().empirical(Guess(0.8), X[:4], y) == 0.25


def test_certainty_and_unseen_classes_have_the_least_probability():
    sure = KNeighborsClassifier(1).fit([[0.0], [1.0]], [0, 2])
    logs = log_probabilities(sure, np.array([[0.0]]), 4)
    assert logs.shape == (1, 4) and logs[0, 0] == 0
    assert np.exp(logs[0, 1:]) == pytest.approx(np.finfo(float).eps)


def test_estimation_falls_with_n_and_a_wider_net_approximates_better():
    few, many = (run(LINEAR, n_samples=n, n_repeats=5) for n in (50, 800))
    assert few.approximation == pytest.approx(many.approximation, abs=2e-3)
    assert few.estimation > 3 * many.estimation > 0
    net = run(NET, n_test=4_000)
    assert net.approximation < 0.3 * many.approximation


def test_more_epochs_lower_rho_and_a_tolerance_is_kept():
    slow = [run(NET.__class__((8,), max_iter=n, n_iter_no_change=np.inf)) for n in (1, 60)]
    assert slow[0].rho > slow[1].rho > 0
    result = run(MLPClassifier((8,), learning_rate_init=0.02, max_iter=300), rho=0.3)
    assert result.reached == 1 and result.rho <= 0.3
    result = run(make_pipeline(StandardScaler(), MLPClassifier((8,), solver="lbfgs")), rho=0.2)
    assert result.reached == 1 and result.rho <= 0.2


def test_same_seed_same_bits_for_any_number_of_jobs():
    first, second = (run(NET, n_jobs=jobs, n_repeats=2) for jobs in (None, 2))
    for name, values in first.repeats.items():
        assert np.array_equal(values, second.repeats[name])


@pytest.mark.slow
def test_other_classifiers_and_more_classes():
    truth = GaussianClasses([[0, 0, 0], [2, 0, 1], [0, 2, 1]])
    for estimator in (RandomForestClassifier(5), LINEAR, NET, SVC()):
        result = run(estimator, truth, 40, risk="zero_one")
        assert 0 <= result.excess < 0.5
    result = run(KNeighborsClassifier(15), truth, 60)
    assert result.approximation >= 0


def test_the_plot_names_the_loss():
    pytest.importorskip("matplotlib").use("agg")
    assert run(LINEAR).plot().get_ylabel() == "log loss, in nats"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"risk": "hinge"}, "risk must be one of 'log_loss', 'zero_one', got 'hinge'"),
        ({"truth": HeteroscedasticSine()}, "ClassTruth for a classifier, got Heteroscedastic"),
        ({"estimator": LinearRegression()}, "Truth for a regressor, got NoisyMoons"),
    ],
)
def test_bad_input_is_refused_by_name(settings, words):
    arguments = {"estimator": LINEAR, "truth": MOONS, "n_samples": 10} | settings
    with pytest.raises(ValueError, match=words):
        decompose(**arguments)
