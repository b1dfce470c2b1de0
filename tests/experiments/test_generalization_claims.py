"""What the experiments on capacity, labels and copies stand on."""

import itertools

import numpy as np
import pytest

from deepgen.decomposition import lecture_data
from deepgen.experiments.claims import double_descent, label_learning_curve, minibatch_redundancy
from deepgen.experiments.claims.regression_1d import (
    COMPLEXITY,
    LECTURE,
    cross_validate,
    make_models,
)


@pytest.mark.claims
@pytest.mark.parametrize(
    "kind, place",
    # Degree 25 is left out: raw powers of that degree are ill-conditioned.
    [("tree", i) for i in range(6)] + [("polynomial", i) for i in range(5)],
)
def test_trees_and_polynomials_have_the_lectures_errors_to_four_digits(kind, place):
    training, validation, _ = cross_validate((kind, COMPLEXITY[kind][place], 0))
    assert training == pytest.approx(LECTURE[kind]["training"][place], abs=5.1e-5)
    assert validation == pytest.approx(LECTURE[kind]["validation"][place], abs=5.1e-5)


@pytest.mark.claims
@pytest.mark.parametrize("kind, errors", [
    ("tree", (0.2875, 0.2458, 0.1829, 0.1932, 0.2320, 0.2651)),
    ("polynomial", (0.5978, 0.1812, 0.1521, 0.1552, 0.1527)),
])  # fmt: skip
def test_trees_and_polynomials_have_their_errors_on_the_large_test_set(kind, errors):
    X, y = lecture_data(200, 0)
    X_test, y_test = lecture_data(10_000, 1)
    for complexity, error in zip(COMPLEXITY[kind], errors, strict=False):
        model = make_models(kind, complexity).fit(X, y)
        # Trees choose among equal splits at random, which shows in the last digit.
        assert np.mean((model.predict(X_test) - y_test) ** 2) == pytest.approx(error, abs=1.5e-4)


@pytest.mark.claims
@pytest.mark.parametrize("width", [32, 64, 128, 256, 1024])
def test_perceptrons_stay_in_the_lectures_bands(width):
    training, validation, _ = cross_validate(("perceptron", width, 0))
    assert training <= 0.147
    assert 0.150 <= validation <= 0.175


@pytest.mark.parametrize("p, risk", [
    (0, 1.0400), (5, 1.1356), (20, 1.7242), (30, 3.2067), (38, 25.74),
    (42, 25.44), (50, 3.0400), (70, 1.1090), (100, 0.6671),
])  # fmt: skip
def test_double_descent_has_its_exact_law(p, risk):
    digits = 2 if risk > 10 else 4
    assert double_descent.law(p) == pytest.approx(risk, abs=0.51 * 10**-digits)


@pytest.mark.parametrize("p", [39, 40, 41])
def test_the_law_is_infinite_at_the_peak(p):
    assert double_descent.law(p) == np.inf


@pytest.mark.claims
def test_training_sets_agree_with_the_law_of_double_descent():
    risks = np.array([double_descent._gaussian(seed) for seed in range(100)])
    errors = risks.std(axis=0, ddof=1) / np.sqrt(len(risks))
    far = [at for at, p in enumerate(double_descent.SIZES) if 10 <= abs(p - double_descent.N)]
    assert len(far) > 5
    for at in far:
        # Without features the risk is a constant.
        deviation = abs(risks[:, at].mean() - double_descent.law(double_descent.SIZES[at]))
        assert deviation <= 4 * errors[at] + 1e-12


def test_copies_do_not_change_the_full_batch_gradient():
    X, y = lecture_data(50, 0)
    steps = []
    for copies in (1, 2, 4, 8):
        model = minibatch_redundancy._net(0, 0.2, copies * 50)
        model.partial_fit(np.tile(X, (copies, 1)), np.tile(y, copies))
        steps.append(np.concatenate([w.ravel() for w in model.coefs_]))
    for other in steps[1:]:
        np.testing.assert_allclose(other, steps[0], rtol=1e-12)


def test_minibatch_noise_has_its_covariance():
    gradients = np.random.default_rng(0).normal(size=(6, 3))
    n, batch = 6, 2
    means = [gradients[list(rows)].mean(axis=0) for rows in itertools.combinations(range(n), batch)]
    covariance = np.cov(gradients.T, bias=True)
    expected = (n - batch) / (batch * (n - 1)) * covariance
    np.testing.assert_allclose(np.cov(np.array(means).T, bias=True), expected, rtol=1e-12)


@pytest.mark.claims
def test_copies_cost_full_batch_descent_only():
    result = minibatch_redundancy.run(quick=True, seeds=2)
    verdicts = [finding.verdict for finding in result.findings]
    assert verdicts == ["supported"] * 3


def test_a_power_law_is_found_again():
    n = np.array([10, 30, 90, 270])
    c, b = label_learning_curve.power_law(n, 3.0 * n**-0.4)
    assert (c, b) == pytest.approx((3.0, 0.4), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("module", [double_descent, minibatch_redundancy])
def test_tables_do_not_depend_on_the_number_of_jobs(module):
    tables = {module.run(quick=True, seeds=2, n_jobs=n_jobs).to_csv() for n_jobs in (1, 2)}
    assert len(tables) == 1
