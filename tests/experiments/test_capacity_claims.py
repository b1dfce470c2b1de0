"""Parts of the experiments on margins, compression and minima that a verdict depends on."""

import numpy as np
import pytest

from deepgen import Probe
from deepgen.experiments.claims import compressibility, minima_measures
from deepgen.experiments.shared.label_nets import train_on_labels
from deepgen.generalization import spectral_complexity


@pytest.fixture(scope="module")
def net():
    return train_on_labels(1000, 1.0, n=40, hidden=(16,))


def test_random_labels_are_fitted_and_the_start_is_that_of_the_seed(net):
    assert net.wrong == 0 and net.epochs > 1
    one = train_on_labels(1000, 1.0, n=40, hidden=(16,), epochs=1)
    for mine, other in zip(net.start, one.start, strict=True):
        np.testing.assert_array_equal(mine, other)
    # A single call of partial_fit: the package knows its start.
    expected = spectral_complexity(one.model, "start").value
    assert spectral_complexity(one.model, one.start).value == pytest.approx(expected, rel=1e-12)


def test_the_needed_size_is_where_the_error_falls_to_the_margin_loss():
    sizes, halfway = np.array([10.0, 40.0, 160.0]), np.array([0.5, 0.09, 0.01])
    assert compressibility._needed(sizes, halfway) == pytest.approx(80)
    assert compressibility._needed(sizes, np.array([0.01, 0.0, 0.0])) == 10
    assert compressibility._needed(sizes, np.array([0.5, 0.4, 0.3])) == 160


def test_all_singular_values_give_the_net_back(net):
    weights = [np.array(W) for W in net.model.coefs_]
    assert compressibility._wrong(net, weights) == net.wrong
    assert 0 < compressibility._by_singular_values(net, weights) <= 1


@pytest.mark.parametrize("task", minima_measures.TASKS)
def test_minima_are_compared_at_one_loss(task):
    data = (
        minima_measures._moons(1000) if task == "half-moons" else minima_measures._digits(1000, 60)
    )
    model = minima_measures._net(task, 1000).fit(data.X, data.y)
    before = model.predict(data.X_test)
    minima_measures._scale_to_loss(model, data)
    assert Probe(model, data.X, data.y).loss() == pytest.approx(minima_measures.LOSS, rel=1e-8)
    assert (model.predict(data.X_test) == before).all()
