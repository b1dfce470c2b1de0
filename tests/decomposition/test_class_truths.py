import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.datasets import make_moons

from deepgen.decomposition import GaussianClasses, NoisyMoons

TRUTHS = {
    "moons": NoisyMoons(),
    "noisier moons": NoisyMoons(0.4),
    "two classes": GaussianClasses([[-1.0, 0.5], [1.0, 0.0]], scale=0.8),
    "unequal shares": GaussianClasses([[0.0], [1.5]], priors=[0.8, 0.2]),
    "three classes of three inputs": GaussianClasses([[0, 0, 0], [2, 0, 1], [0, 2, 1]]),
}


@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_samples_have_the_probabilities_and_the_risks(truth):
    X, y = truth.sample(30_000, np.random.default_rng(0))
    p = truth.probabilities(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    # Calibration: among inputs of one probability that share has the class.
    for k in range(truth.n_classes):
        cells = np.minimum((p[:, k] * 10).astype(int), 9)
        for cell in range(10):
            some = cells == cell
            expected, n = p[some, k].mean(), some.sum()
            if n > 200:
                error = np.mean(y[some] == k) - expected
                assert abs(error) < 4.5 * np.sqrt(expected * (1 - expected) / n) + 1e-4
    losses = -np.log(p[np.arange(len(y)), y])
    assert abs(losses.mean() - truth.bayes_log_loss) < 4 * losses.std() / np.sqrt(len(y))
    error = np.mean(p.argmax(axis=1) != y)
    assert abs(error - truth.bayes_error) < 4 * np.sqrt(error / len(y))


@pytest.mark.parametrize("distance", [0.5, 2.0, 5.0])
def test_two_equal_gaussian_classes_have_the_closed_form_error(distance):
    truth = GaussianClasses([[0.0, 0.0], [0.6 * distance, 0.8 * distance]], scale=0.7)
    half = distance / 2 / 0.7
    assert truth.bayes_error == pytest.approx(norm.cdf(-half), rel=1e-6)
    # The log odds of the true class are normal: mean (d/s)^2 / 2, variance (d/s)^2.
    m = (distance / 0.7) ** 2
    entropy = quad(
        lambda u: norm.pdf(u) * np.logaddexp(0, -(m / 2 + np.sqrt(m) * u)), -12, 12, limit=200
    )[0]
    assert truth.bayes_log_loss == pytest.approx(entropy, rel=1e-8)


def test_unequal_shares_have_the_error_of_the_shifted_threshold():
    truth = GaussianClasses([[0.0], [1.5]], priors=[0.8, 0.2])
    threshold = 0.75 + np.log(0.8 / 0.2) / 1.5
    error = 0.8 * norm.sf(threshold) + 0.2 * norm.cdf(threshold - 1.5)
    assert truth.bayes_error == pytest.approx(error, rel=1e-6)


def test_equal_means_tell_nothing():
    truth = GaussianClasses([[1.0, 2.0], [1.0, 2.0]], priors=[0.7, 0.3])
    assert truth.bayes_error == pytest.approx(0.3, rel=1e-9)
    assert truth.bayes_log_loss == pytest.approx(-0.7 * np.log(0.7) - 0.3 * np.log(0.3), rel=1e-9)


@pytest.mark.parametrize("noise", [0.05, 0.15, 0.5])
def test_the_moons_densities_are_integrals_over_the_arcs(noise):
    truth = NoisyMoons(noise)
    for point in np.array([[0.0, 0.9], [0.5, 0.25], [1.2, -0.4], [-0.8, 0.2]]):

        def density(turned, point=point):
            x = (np.array([1, 0.5]) - point) if turned else point
            return quad(
                lambda t: np.exp(
                    -((x[0] - np.cos(t)) ** 2 + (x[1] - np.sin(t)) ** 2) / (2 * noise**2)
                ),
                0,
                np.pi,
                epsabs=0,
                limit=500,
            )[0]

        first, second = density(False), density(True)
        share = first / (first + second)
        assert truth.probabilities(point[None])[0, 0] == pytest.approx(share, rel=1e-8, abs=1e-12)


def test_the_moons_are_scikit_learns():
    X, y = NoisyMoons(0.15).sample(40_000, np.random.default_rng(0))
    theirs, labels = make_moons(40_000, noise=0.15, random_state=0)
    for k in range(2):
        for a, b in ((X[y == k], theirs[labels == k]),):
            np.testing.assert_allclose(a.mean(axis=0), b.mean(axis=0), atol=0.02)
            np.testing.assert_allclose(np.cov(a.T), np.cov(b.T), atol=0.02)


@pytest.mark.parametrize("name", ["moons", "two classes", "unequal shares"])
def test_the_grid_converges(name):
    truth = TRUTHS[name]
    for weigh, exact in (
        (lambda p: -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1), truth.bayes_log_loss),
        (lambda p: 1 - p.max(axis=1), truth.bayes_error),
    ):
        X, weights = truth.nodes(20_000)
        assert weights @ weigh(truth.probabilities(X)) == pytest.approx(exact, rel=2e-3)
    assert TRUTHS["three classes of three inputs"].nodes(100) is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NoisyMoons(0.0), "noise must be a finite number of at least 0.02"),
        (lambda: GaussianClasses([[0.0]]), "at least two classes"),
        (lambda: GaussianClasses([0.0, 1.0]), "got shape"),
        (lambda: GaussianClasses([[0.0], [1.0]], scale=0), "scale must be a finite number above 0"),
        (lambda: GaussianClasses([[0.0], [1.0]], priors=[1, 1]), "priors must sum to 1, got 2"),
        (lambda: GaussianClasses([[0.0], [1.0]], priors=[1, 0]), "one number above 0 per class"),
        (lambda: GaussianClasses(np.eye(4)), "they span 3 dimensions"),
    ],
)
def test_bad_truths_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
