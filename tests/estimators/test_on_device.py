"""Parameters that no device supports are refused by name, before a device is looked for."""

import pytest

from deepgen import MLPClassifier, MLPRegressor
from deepgen.activations import Parametric
from deepgen.augmentation import Jitter
from deepgen.averaging import EMA, LearnedLine
from deepgen.embeddings import PBLD, CategoryEmbedding
from deepgen.estimators.from_parameters import make_optimizer
from deepgen.estimators.on_device import refused_on_device
from deepgen.normalizations import BatchNorm, WeightNorm
from deepgen.optimizers import ASAM, GSAM, KFAC, LPFSGD, SAM
from deepgen.skips import Highway, Residual

X, Y = [[0.0], [1.0]], [0.0, 1.0]

REFUSED = {
    "solver": ["kfac", "shampoo", "lbfgs", KFAC(), GSAM(), LPFSGD()],
    "dtype": ["float64", "bfloat16"],
    "parametrization": ["ntk"],
    "normalization": ["weight", "weight_standardization", WeightNorm()],
    "skip": ["highway", "fixup", Highway()],
    "numerical_embedding": ["pbld", "pwl", PBLD()],
    "category_embedding": [CategoryEmbedding([2])],
    "input_scale": [True],
    "adaptive_clip": [0.1],
    "averaging": ["batch_ensemble", "subspace", LearnedLine()],
    "mixup": [0.2],
    "augmentation": ["jitter", Jitter()],
}
SUPPORTED = {
    "solver": ["sgd", "adamw", SAM(), ASAM()],
    "activation": ["gelu", Parametric()],
    "normalization": ["batch", "layer", BatchNorm()],
    "skip": ["residual", "deepnorm", Residual()],
    "clip_norm": [1.0],
    "averaging": ["ema", "swa", "snapshot", EMA()],
    "dropout": [0.1],
    "n_members": [3],
    "alpha": [0.1],
    "initializer": ["data_dependent"],
}


def cases(table):
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize("name, value", cases(REFUSED))
def test_what_no_device_supports_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"device='cuda' does not support {name}=.*; change that"):
        MLPRegressor(device="cuda", **{name: value}).fit(X, Y)


@pytest.mark.parametrize("name, value", cases(SUPPORTED))
def test_the_rest_is_not_refused(name, value):
    model = MLPRegressor(device="cuda", **{name: value})
    assert refused_on_device(model, make_optimizer(model)) == {}


def test_all_that_is_refused_is_named_at_once():
    model = MLPClassifier(device="cuda", mixup=0.2, dtype="float64")
    words = r"dtype='float64' \(it computes in float32\) and mixup=0.2 \(it trains on the rows"
    with pytest.raises(ValueError, match=words):
        model.fit(X, [0, 1])


def test_what_is_refused_is_supported_at_its_default():
    model = MLPRegressor()
    assert refused_on_device(model, make_optimizer(model)) == {}
