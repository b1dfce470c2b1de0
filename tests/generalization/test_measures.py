import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.generalization import (
    compression,
    granulated_kendall,
    margins,
    measures,
    noise_flatness,
    norm_bounds,
    spectral_complexity,
)
from deepgen.generalization.measures import ABOUT, GROUPS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def moons_probe(**settings):
    X, y = make_moons(40, noise=0.15, random_state=0)
    given = dict(hidden_layer_sizes=(12, 6), solver="lbfgs", random_state=0, dtype="float64")
    return Probe(MLPClassifier(**(given | settings)).fit(X, y), X, y)


def test_it_is_what_the_instruments_say():
    probe = moons_probe()
    found = measures(probe)
    assert found.reasons == {} and list(found.values) and set(found.values) == set(ABOUT)
    assert found["margin"] == margins(probe).percentile(5)
    assert found["normalized_margin"] == np.median(margins(probe).normalized)
    assert found["spectral_complexity"] == spectral_complexity(probe).value
    assert found["spectral_complexity_from_start"] == spectral_complexity(probe, "start").value
    assert found["path_norm_l2"] == norm_bounds(probe)["path, l2"].capacity
    assert found["vc"] == pytest.approx(norm_bounds(probe)["vc"].norm, rel=1e-14)
    cushions = compression(probe, n_points=100, n_draws=10)
    assert found["cushion_sum"] == cushions.sum_of_inverses
    assert found["interlayer_smoothness"] == cushions.interlayer_smoothness
    assert 0 < found["lipschitz_lower"] <= found["lipschitz_upper"]
    assert found["lipschitz_upper"] <= found["spectral_product"]
    H = np.array([probe.hvp(e) for e in np.eye(probe.n_parameters)])
    assert found["hessian_top"] == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-3)
    assert found["hessian_trace"] == pytest.approx(np.trace(H), rel=0.3)
    assert repr(found) == f"Measures({len(ABOUT)} measured, 0 refused)"
    assert measures(probe).values == found.values


def test_what_a_network_has_not_is_a_reason_and_no_number():
    found = measures(moons_probe(normalization="layer", solver="adam", max_iter=5))
    assert "layer norm" in found.reasons["spectral_complexity"]
    assert "layer norm" in found.reasons["normalized_margin"]
    assert "layer norm" in found.reasons["layer_cushion"]
    assert "spectral_complexity" not in found.values and np.isfinite(found["hessian_top"])
    with pytest.raises(KeyError, match="was not measured: layer 0 has layer norm"):
        found["layer_cushion"]
    line = next(one for one in str(found).splitlines() if one.startswith("layer_cushion"))
    assert "not measured: layer 0 has layer norm" in line


def test_a_regressor_has_sharpness_and_cushions():
    draw = np.random.RandomState(0)
    X = draw.randn(30, 2)
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=None, max_iter=5).fit(X, X[:, 0])
    found = measures(Probe(model, X, X[:, 0]))
    for name in ("margin", "error", "norm_frobenius", "noise_sharpness"):
        assert "regressor" in found.reasons[name]
    assert "random_state=None" in found.reasons["spectral_complexity_from_start"]
    for name in ("sam_sharpness", "hessian_trace", "cushion_sum", "spectral_complexity"):
        assert np.isfinite(found[name])


def test_groups():
    probe = moons_probe()
    assert list(measures(probe, of="size").values) == ["parameters", "layers", "loss", "vc"]
    every = [name for group in GROUPS.values() for _, names in group for name in names]
    assert sorted(every) == sorted(ABOUT)
    with pytest.raises(ValueError, match="unknown groups depth; known: size, margin"):
        measures(probe, of=["depth"])
    with pytest.raises(ValueError, match="random_state"):
        measures(probe, random_state=-1)


def test_rows_of_measures_are_a_table_for_the_granulated_coefficient():
    rows = []
    for width in (4, 16):
        for alpha in (0.0, 1.0):
            probe = moons_probe(hidden_layer_sizes=(width,), alpha=alpha)
            values = measures(probe, of=["size", "norms"]).values
            rows.append({**values, "width": width, "alpha": alpha, "gap": -alpha + width / 100})
    found = granulated_kendall(rows, "spectral_complexity", "gap", ["width", "alpha"])
    assert {one.name: one.value for one in found.by}["alpha"] == 1


@pytest.mark.claims
def test_the_decks_bad_minimum_is_sharper_and_more_complex():
    """Section 18a of the deck: 30 clean rows, and 30 with shuffled labels beside them."""
    random = np.random.RandomState(1)
    X, y = make_moons(30, noise=0.15, random_state=random)
    make_moons(1000, noise=0.15, random_state=random)
    more, labels = make_moons(30, noise=0.15, random_state=random)
    scaler = StandardScaler().fit(X)
    X, more = scaler.transform(X), scaler.transform(more)
    labels = random.permutation(labels)
    net = MLPClassifier((256,), solver="lbfgs", alpha=0, random_state=0, max_iter=2000)
    good = net.fit(X, y)
    values = [measures(Probe(good, X, y)).values]
    bad = net.fit(np.vstack([X, more]), np.r_[y, labels])
    values.append(measures(Probe(bad, X, y)).values)
    assert values[0]["error"] == 0
    for name in ("spectral_product", "spectral_complexity", "spectral_complexity_from_start"):
        assert values[1][name] > 5 * values[0][name]
    assert values[0]["parameters"] == values[1]["parameters"]
    assert 100 < values[0]["spectral_product"] < 900


def test_noise_that_a_linear_classifier_bears_is_where_its_weight_changes_sign():
    X, y = [[-1.0], [1.0]], [0, 1]
    model = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", bias=False, dtype="float64")
    probe = Probe(model.fit(X, y), X, y)
    w = float(probe.parameters[0])
    d = np.random.default_rng(0).standard_normal((8, 1))
    found = noise_flatness(probe)
    # One of eight draws wrong is an error of 1/8, more than the rise.
    assert found.sigma == pytest.approx(w / -d.min(), rel=0.005)
    assert found.sigma <= w / -d.min() and found.noisy_error == 0
    assert found.sharpness == 1 / found.sigma**2
    # Of 31 draws three may be wrong, and four may not.
    found = noise_flatness(probe, n_draws=31, random_state=1)
    d = np.random.default_rng(1).standard_normal(31)
    assert found.sigma == pytest.approx(w / np.sort(-d)[-4], rel=0.005)
    assert found.noisy_error == pytest.approx(3 / 31)


def test_noise_that_no_row_minds():
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    model = MLPClassifier(hidden_layer_sizes=(), bias=False, max_iter=1).fit(X, y)
    found = noise_flatness(Probe(model, X, y))
    assert found.sigma == np.inf and found.sharpness == 0
    with pytest.raises(ValueError, match="rise must be"):
        noise_flatness(Probe(model, X, y), rise=0)
