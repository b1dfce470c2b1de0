"""Transformers of pretext tasks: scikit-learn's rules, bits, files and early errors."""

import io
import warnings
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError
from sklearn.utils.estimator_checks import parametrize_with_checks

import deepgen
from deepgen.optimizers import KFAC, SAM
from deepgen.pretraining import SCARF, VIME, DenoisingAutoencoder, transformer
from deepgen.schedules import Cosine

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {
    DenoisingAutoencoder: {"hidden_layer_sizes": (12, 7)},
    VIME: {"hidden_layer_sizes": (12, 7)},
    SCARF: {"hidden_layer_sizes": (12, 7), "head_layer_sizes": (6,), "n_projections": 5},
}
every_kind = pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.__name__)


def small(kind, **how):
    return kind(**{**SMALL[kind], "random_state": 0, "max_iter": 5, "batch_size": 32, **how})


def rows(n=150, seed=0):
    """Columns of one source, and one of its own."""
    random_state = np.random.default_rng(seed)
    source = random_state.normal(size=(n, 1))
    X = source * [1.0, -2.0, 0.5, 0.0] + 0.3 * random_state.normal(size=(n, 4))
    return np.hstack([X, X[:, :1] > 0])


@parametrize_with_checks([small(kind, max_iter=2, batch_size="auto") for kind in SMALL])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@every_kind
def test_the_loss_falls_and_the_representation_is_that_of_the_last_encoder_layer(kind):
    X = rows()
    encoder = small(kind, max_iter=30).fit(X)
    losses = encoder.history_["loss"]
    assert encoder.n_iter_ == len(losses) == 30 and encoder.loss_ == losses[-1] < 0.95 * losses[0]
    a = X.astype(np.float32)
    for coefs, intercepts in list(
        zip(encoder.network_.coefs(), encoder.network_.intercepts(), strict=True)
    )[:2]:
        a = np.maximum(a @ coefs + intercepts, 0)
    np.testing.assert_allclose(encoder.transform(X), a, atol=1e-5)
    assert encoder.transform(X).dtype == np.float32


def test_an_autoencoder_finds_what_columns_share():
    """A replaced value has nothing to do with the row: the others say what it was."""
    X = rows(500)[:, :3]
    encoder = DenoisingAutoencoder((32,), probability=0.3, random_state=0, max_iter=60).fit(X)
    corrupted = X.astype(np.float32)
    corrupted[:, 0] = np.random.default_rng(1).permutation(corrupted[:, 0])
    predicted = encoder.network_.outputs(corrupted)[:, 0]
    units = (X[:, 0] - X[:, 0].mean()) / X[:, 0].std()
    assert np.mean((predicted - units) ** 2) < 0.6


def test_a_constant_column_has_no_target_but_zero():
    """The mean of many 0.1 is not quite 0.1, which is no deviation of the column."""
    X = np.full((60, 3), 0.1)
    still = {"learning_rate_init": 1e-12, "max_iter": 1, "dtype": "float64", "random_state": 0}
    encoder = DenoisingAutoencoder((8,), **still).fit(X)
    outputs = encoder.network_.outputs(X)
    assert encoder.loss_ == pytest.approx(0.5 * np.sum(outputs[0] ** 2), rel=1e-9)


def test_vime_tells_which_values_do_not_fit_their_rows():
    X = rows(500)[:, [0, 0, 1, 1]] * [1.0, -1.0, 0.5, -0.5]
    encoder = VIME((32,), random_state=0, learning_rate_init=0.01, max_iter=60).fit(X)
    corrupted = X.astype(np.float32, order="C")
    far = np.abs(X[:, 1]) > 1
    corrupted[:, 1] *= -1
    logits = encoder.network_.outputs(corrupted)[:, 4:]
    assert (logits[far].argmax(axis=1) == 1).mean() > 0.9


def test_scarf_recognizes_rows_far_above_chance():
    X = rows(512)
    encoder = SCARF((32,), probability=0.3, batch_size=64, random_state=0, max_iter=40).fit(X)
    assert encoder.loss_ < np.log(64) - 0.4


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bits_depend_on_the_seed_alone(kind, dtype):
    X = rows(600)
    wide = {"hidden_layer_sizes": (70, 40), "dtype": dtype, "batch_size": 200}
    first = small(kind, n_jobs=1, **wide).fit(X).transform(X)
    for n_jobs in (2, 3):
        np.testing.assert_array_equal(small(kind, n_jobs=n_jobs, **wide).fit_transform(X), first)
    assert (small(kind, **wide).set_params(random_state=1).fit_transform(X) != first).any()


@every_kind
def test_a_file_gives_the_same_bits(kind, tmp_path):
    X = pd.DataFrame(rows(), columns=list("abcde"))
    encoder = small(kind, solver=SAM(), learning_rate=Cosine()).fit(X)
    encoder.save(tmp_path / "encoder.dgn")
    again = deepgen.load(tmp_path / "encoder.dgn")
    assert type(again) is kind and repr(again) == repr(encoder)
    np.testing.assert_array_equal(again.transform(X), encoder.transform(X))
    assert again.feature_names_in_.tolist() == list("abcde")
    assert again.history_["loss"].tolist() == encoder.history_["loss"].tolist()
    np.testing.assert_array_equal(clone(again).fit(X).transform(X), encoder.transform(X))


@every_kind
def test_a_file_that_does_not_fit_together_is_refused(kind, tmp_path):
    encoder = small(kind).fit(rows())
    for name, value in (("_n_layers", 9), ("n_features_in_", 3), ("network_", 1)):
        broken = clone(encoder).fit(rows())
        setattr(broken, name, value)
        broken.save(tmp_path / "broken.dgn")
        with pytest.raises(ValueError, match=r"cannot load '.*broken\.dgn': its "):
            deepgen.load(tmp_path / "broken.dgn")
    for name, value in (("loss_", "low"), ("n_iter_", None), ("history_", {})):
        broken = clone(encoder).fit(rows())
        setattr(broken, name, value)
        broken.save(tmp_path / "broken.dgn")
        with pytest.raises(ValueError, match=rf"cannot load '.*broken\.dgn': its {name} "):
            deepgen.load(tmp_path / "broken.dgn")
        delattr(broken, name)
        broken.save(tmp_path / "broken.dgn")
        with pytest.raises(ValueError, match=rf"it lacks '{name}'"):
            deepgen.load(tmp_path / "broken.dgn")
    unfit = small(kind)
    with pytest.raises(NotFittedError):
        unfit.save(tmp_path / "none.dgn")


@every_kind
def test_names_of_the_representation(kind):
    encoder = small(kind).fit(rows())
    names = encoder.get_feature_names_out()
    assert names.tolist() == [f"{kind.__name__.lower()}{j}" for j in range(7)]
    assert list(small(kind).set_output(transform="pandas").fit_transform(rows())) == names.tolist()


@every_kind
@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"hidden_layer_sizes": ()}, ValueError, "one at least, got"),
        ({"hidden_layer_sizes": (8, 0)}, ValueError, "must be > 0"),
        ({"solver": "lbfgs"}, InvalidParameterError, "'solver' parameter of"),
        ({"solver": KFAC()}, ValueError, "needs a likelihood"),
        ({"probability": 0.0}, InvalidParameterError, r"in the range \(0.0, 1.0\]"),
        ({"activation": "swish"}, ValueError, "Did you mean 'silu'"),
        ({"activation": ["relu"]}, ValueError, "1 names for 2 hidden layers"),
        ({"max_time": -1.0}, InvalidParameterError, "'max_time' parameter of"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_parameters_are_refused_by_name(kind, how, error, message):
    with pytest.raises(error, match=message):
        small(kind, **how).fit(rows())


@every_kind
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_bad_rows_are_refused_and_leave_the_transformer_as_it_was(kind, number):
    X = rows()
    encoder = small(kind).fit(X)
    before, broken = encoder.transform(X), X.copy()
    broken[3, 2] = number
    for refused in (lambda: encoder.fit(broken), lambda: encoder.transform(broken)):
        with pytest.raises(ValueError, match="Input X contains"):
            refused()
    for refused in (encoder.fit, encoder.transform):
        with pytest.raises(TypeError, match="X is sparse"):
            refused(sparse.csr_matrix(X))
    with pytest.raises(ValueError, match="X has 4 features, but .* is expecting 5"):
        encoder.transform(X[:, :4])
    np.testing.assert_array_equal(encoder.transform(X), before)
    with pytest.raises(NotFittedError):
        small(kind).transform(X)


def test_an_interrupted_first_epoch_leaves_a_transformer_without_a_loss(monkeypatch):
    monkeypatch.setattr(transformer, "train", lambda *arguments: 0)
    encoder = small(VIME).fit(rows())
    assert np.isnan(encoder.loss_) and encoder.n_iter_ == 0
    assert encoder.transform(rows()).shape == (150, 7)


def test_what_scarf_compares_are_several_rows():
    with pytest.raises(ValueError, match="2 samples at least, got n_samples=1"):
        small(SCARF).fit(rows(1))
    with pytest.raises(ValueError, match="batch_size 2 or more, got 1"):
        small(SCARF, batch_size=1).fit(rows())


@every_kind
def test_progress_is_printed_and_time_limited(kind):
    out = io.StringIO()
    with redirect_stdout(out):
        small(kind, verbose=2).fit(rows())
    assert out.getvalue().count("Iteration") == 3  # epochs 2, 4 and the last
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = small(kind, max_iter=10**6, max_time=1e-3).fit(rows())
    assert encoder.n_iter_ < 1000
    assert any(issubclass(w.category, ConvergenceWarning) for w in caught)
