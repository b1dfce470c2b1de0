"""dtype='bfloat16': products of training in bfloat16, everything else as float32."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_friedman1

import deepgen
from deepgen import MLPClassifier, MLPRegressor, _core


def has_bfloat16():
    layer = _core.LayerSpec(width=1, activation="identity")
    loss = _core.Component("squared_error")
    try:
        _core.Network(_core.NetworkSpec(n_inputs=1, layers=[layer], loss=loss), "bfloat16")
    except ValueError:
        return False
    return True


needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="this processor has no BF16")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SETTINGS = {"hidden_layer_sizes": (64, 64), "max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module")
def friedman():
    return make_friedman1(600, n_features=10, noise=0.3, random_state=0)


@needs_bfloat16
def test_scores_are_those_of_float32(friedman):
    X, y = load_digits(return_X_y=True)
    for Model, data in ((MLPRegressor, friedman), (MLPClassifier, (X / 16, y))):
        half, single = (
            Model(dtype=dtype, **SETTINGS).fit(*data) for dtype in ("bfloat16", "float32")
        )
        assert half.score(*data) == pytest.approx(single.score(*data), abs=0.01)
        assert not np.array_equal(half.coefs_[0], single.coefs_[0])


@needs_bfloat16
def test_weights_and_outputs_are_float32_and_predictions_use_all_of_it(friedman):
    X, y = friedman
    model = MLPRegressor(dtype="bfloat16", **SETTINGS).fit(X, y)
    assert {array.dtype for array in (*model.coefs_, model.embed(X))} == {np.dtype("float32")}
    same = MLPRegressor(dtype="float32", **SETTINGS).partial_fit(X, y)
    same.network_.parameters[...] = model.network_.parameters
    np.testing.assert_array_equal(same.predict(X), model.predict(X))
    rounded = model.coefs_[0].view(np.uint32) & 0xFFFF
    assert rounded.any()


@needs_bfloat16
def test_training_goes_on_to_the_bit(friedman, tmp_path):
    X, y = friedman
    settings = SETTINGS | {"dtype": "bfloat16", "warm_start": True, "tol": 0.0}
    whole = MLPRegressor(**settings | {"max_iter": 10}).fit(X, y)
    part = MLPRegressor(**settings | {"max_iter": 5}).fit(X, y)
    part.save(tmp_path / "part")
    for half in (pickle.loads(pickle.dumps(part)), deepgen.load(tmp_path / "part")):
        half.fit(X, y)
        np.testing.assert_array_equal(half.network_.parameters, whole.network_.parameters)


def test_lbfgs_computes_in_float64_anyway(friedman):
    fitted = [
        MLPRegressor(
            solver="lbfgs", hidden_layer_sizes=(8,), dtype=dtype, random_state=0, max_iter=5
        )
        .fit(*friedman)
        .coefs_[0]
        for dtype in ("bfloat16", "float32")
    ]
    np.testing.assert_array_equal(*fitted)


def test_machines_without_it_are_told_what_is_missing(friedman, monkeypatch):
    monkeypatch.setenv("DEEPGEN_SIMD", "portable")
    with pytest.raises(ValueError, match="need a processor with AVX-512 BF16.*use float32"):
        MLPRegressor(dtype="bfloat16", **SETTINGS).fit(*friedman)
