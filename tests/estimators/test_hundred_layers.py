"""A hundred layers train with every skip, where plain ones do not.

512 rows of sin(3 a) + b c, 99 hidden layers of 8 ReLU units, Adam in batches of 32 for 30 epochs
(480 steps), seeds 0 to 4; R2 on the training rows. Plain networks may choose
among three starts, one seed each: that they learn nothing is a fact about depth.
"""

import numpy as np
import pytest

from deepgen import MLPRegressor

pytestmark = [
    pytest.mark.claims,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

SEEDS = range(5)
BRIDGED = {
    "residual": dict(skip="residual", normalization="layer"),
    "deepnorm": dict(skip="deepnorm"),
    "fixup": dict(skip="fixup"),
    "highway": dict(skip="highway"),
}


def score(seed, *, initializer="he_normal", **settings):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (512, 4))
    y = np.sin(3 * X[:, 0]) + X[:, 1] * X[:, 2]
    model = MLPRegressor(
        hidden_layer_sizes=[8] * 99,
        initializer=initializer,
        learning_rate_init=3e-3,
        batch_size=32,
        max_iter=30,
        tol=0.0,
        n_iter_no_change=np.inf,
        random_state=seed,
        **settings,
    )
    return model.fit(X, y).score(X, y)


@pytest.mark.parametrize("initializer", ["glorot_uniform", "he_normal", "orthogonal"])
def test_a_hundred_plain_layers_learn_nothing(initializer):
    assert score(0, initializer=initializer) < 0.05


@pytest.mark.parametrize("kind", BRIDGED)
def test_a_hundred_layers_learn_with_every_skip(kind):
    scores = [score(seed, **BRIDGED[kind]) for seed in SEEDS]
    assert np.mean(scores) > 0.7 and min(scores) > 0.4, scores
