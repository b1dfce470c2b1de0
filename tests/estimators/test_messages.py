"""Messages: what they say is true, and it helps."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

from deepgen import MLPClassifier, MLPRegressor
from deepgen._component import resolve
from deepgen._engine.memory import memory_limit
from deepgen.averaging import EMA
from deepgen.losses import Huber
from deepgen.normalizations import NORMALIZATIONS
from deepgen.optimizers import KFAC, SAM, Adam, AdamW, Shampoo
from deepgen.schedules import Cosine, Warmup
from estimators.samples import curve, features

X = features()
Y = curve(X)
NAMES = np.where(Y > 0, "up", "down")

MEANT = {
    ("activation", "swish"): "silu",
    ("activation", "Sigmoid"): "logistic",
    ("activation", "linear"): "identity",
    ("activation", "reLU"): "relu",
    ("loss", "mse"): "squared_error",
    ("loss", "mae"): "absolute_error",
    ("loss", "squared_eror"): "squared_error",
    ("loss", "bce"): "binary_cross_entropy",
    ("scoring", "mse"): "neg_mean_squared_error",
    ("normalization", "batch_norm"): "batch",
    ("normalization", "LayerNorm"): "layer",
    ("solver", "L-BFGS"): "lbfgs",
    ("solver", "Adam"): "adam",
    ("initializer", "xavier"): "glorot_uniform",
    ("initializer", "kaiming_normal"): "he_normal",
    ("learning_rate", "ReduceLROnPlateau"): "plateau",
    ("learning_rate", "onecycle"): "one_cycle",
    ("dtype", "bf16"): "bfloat16",
    ("device", "gpu"): "cuda",
    ("skip", "resnet"): "residual",
    ("augmentation", "noise"): "jitter",
}


@pytest.mark.parametrize(("parameter", "name"), MEANT)
def test_a_name_that_others_use_leads_to_ours(parameter, name):
    with pytest.raises(InvalidParameterError) as caught:
        MLPRegressor(**{parameter: name}).fit(X, Y)
    assert str(caught.value).endswith(
        f"Got {name!r} instead. Did you mean {MEANT[parameter, name]!r}?"
    )


def test_nonsense_gets_no_guess():
    with pytest.raises(InvalidParameterError, match="Got 'qqqqqq' instead.$"):
        MLPRegressor(solver="qqqqqq").fit(X, Y)


def test_names_of_layers_and_of_components_get_a_guess_too():
    with pytest.raises(ValueError, match="Did you mean 'silu'"):
        MLPClassifier((3, 3), ["relu", "swish"]).fit(X, NAMES)
    with pytest.raises(ValueError, match="known: batch, .*Did you mean 'batch'"):
        resolve("batch_norm", NORMALIZATIONS, "normalization")


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [("solver", AdamW), ("loss", Huber), ("learning_rate", Cosine), ("averaging", EMA)],
)
def test_a_class_says_that_it_wants_to_be_called(parameter, kind):
    name = kind.__name__
    with pytest.raises(
        InvalidParameterError, match=re.escape(f"{name} is a class; call it: {name}().")
    ):
        MLPRegressor(**{parameter: kind}).fit(X, Y)


def test_choices_stand_in_order_and_long_lists_are_short():
    with pytest.raises(InvalidParameterError, match="{'cpu', 'cuda'}"):
        MLPRegressor(device="tpu").fit(X, Y)
    with pytest.raises(InvalidParameterError, match="{'accuracy', .* and [0-9]+ more}") as caught:
        MLPClassifier(scoring="nonsense").fit(X, NAMES)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (dict(solver=Adam(eps_mode="pytorch")), "known: sklearn, torch. Did you mean 'torch'?"),
        (dict(solver=KFAC(fisher="empiric")), "known: empirical, true. Did you mean 'empirical'?"),
        (dict(solver=SAM(base=KFAC(fisher="True"))), "Did you mean 'true'?"),
        (dict(solver=SAM(base=AdamW)), "AdamW is a class; call it: AdamW()."),
        (dict(learning_rate=Warmup(Cosine)), "Cosine is a class; call it: Cosine()."),
        (dict(activation=["relu", "swish"], hidden_layer_sizes=(3, 3)), "Did you mean 'silu'?"),
        (dict(dtype=np.float32), "Did you mean 'float32'?"),
        (dict(dtype=float), "Did you mean 'float32'?"),
        (dict(dtype=int), "Got <class 'int'> instead."),
        (dict(solver=Shampoo(grafting="lion")), "known: none, sgd, adagrad, adam"),
    ],
)
def test_fields_of_components_get_a_guess_too(parameters, message):
    with pytest.raises(ValueError, match=f"{re.escape(message)}$"):
        MLPRegressor(**parameters).fit(X, Y)


def test_fields_by_a_wrong_name_get_a_guess_too():
    with pytest.raises(ValueError, match="no parameter 'beta1'.*Did you mean 'beta_1'[?]$"):
        AdamW().set_params(beta1=0.8)


@pytest.mark.parametrize("sizes", [10**30, (10**30,), [8, 2**31]])
def test_layers_too_wide_to_count_are_refused(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes must be at most 2147483647, got"):
        MLPRegressor(hidden_layer_sizes=sizes).fit(X, Y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("sizes", [10**9, (10**9,), (10**6, 10**6)])
def test_networks_beyond_the_machines_memory_are_refused_with_the_sizes(sizes, solver, monkeypatch):
    place = "deepgen.estimators.from_parameters.memory_limit"
    monkeypatch.setattr(place, lambda: 64 * 2.0**30)
    model = MLPRegressor(hidden_layer_sizes=sizes, solver=solver)
    with pytest.raises(MemoryError) as caught:
        model.fit(X, Y)
    said = re.fullmatch(
        r"hidden_layer_sizes=\[.*\] makes ([0-9,]+) parameters[.] Training them takes at least "
        r"([0-9,]+) GiB of memory \(([0-9,]+) for the parameters and the state of the optimizer, "
        r"the rest for 157 rows of a batch\), and there are 64[.]0 GiB",
        str(caught.value),
    )
    count, needed, own = (float(number.replace(",", "")) for number in said.groups())
    assert count == (10**9 * 7 + 1 if sizes != (10**6, 10**6) else 10**12 + 8 * 10**6 + 1)
    size = 4 if solver == "adam" else 8
    assert own == pytest.approx(8 * count * size / 2**30, rel=0.01) and needed >= own > 64
    assert not hasattr(model, "network_")


def test_units_of_a_batch_count_for_the_limit_of_memory(monkeypatch):
    place = "deepgen.estimators.from_parameters"
    monkeypatch.setattr(f"{place}.memory_limit", lambda: 2.0**17)
    monkeypatch.setattr(f"{place}.MANY_PARAMETERS", 10_000)
    with pytest.raises(MemoryError, match="makes 601 parameters.*157 rows"):
        MLPRegressor(hidden_layer_sizes=200, batch_size=157).fit(X[:, :1], Y)


def test_the_limit_of_memory_is_a_number_of_bytes():
    assert 2**28 < memory_limit() < 2**60


def with_entry(value, form=np.asarray):
    table = X.astype(float)
    table[3, 1] = value
    return form(table)


def framed(table):
    return pd.DataFrame(table, columns=list("abcde"))


@pytest.mark.parametrize(("form", "name"), [(np.asarray, "1"), (framed, "'b'")])
def test_columns_that_are_not_finite_are_named(form, name):
    with pytest.raises(
        ValueError, match=f"contains NaN(.|\n)*deepgen.preprocessing.*column {name}[.]"
    ):
        MLPRegressor().fit(with_entry(np.nan, form), Y)
    for value in (1e308, np.inf, -np.inf):
        with pytest.raises(ValueError, match=f"too large for dtype.*column {name}[.]$") as caught:
            MLPRegressor().fit(with_entry(value, form), Y)
        assert "imput" not in str(caught.value)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_first_step_that_is_not_finite_says_why(solver):
    model = MLPRegressor(solver=solver, max_iter=2, dtype="float64", target_scaling=None)
    with config_context(assume_finite=True):
        with pytest.raises(ValueError, match="X holds NaN or infinity.*assume_finite"):
            model.fit(with_entry(np.nan), Y)
    with pytest.raises(ValueError, match=r"contain large values .* value of X is 1e\+308"):
        model.fit(with_entry(1e308), Y)
    with pytest.raises(ValueError, match=r"contain large values .* value of y is .*e\+200"):
        model.fit(X, 1e200 * Y)
    with pytest.raises(ValueError, match="largest of sample_weight is 1e-300") as caught:
        model.fit(X, Y, np.full(len(X), 1e-300))
    assert "large values" not in str(caught.value)


def diverging(**settings):
    common = dict(hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=3.0)
    common |= dict(max_iter=5000, n_iter_no_change=np.inf, random_state=0, batch_size=50)
    return MLPRegressor(**common | settings)


def test_what_a_divergence_says_of_the_weights_is_true():
    with pytest.warns(ConvergenceWarning, match="are those with the best validation score"):
        model = diverging(early_stopping=True).fit(X, Y)
    assert model.best_validation_score_ == np.nanmax(model.validation_scores_)
    model = diverging()
    with pytest.warns(ConvergenceWarning, match="are those before this call"):
        for _ in range(5000):
            before = [] if not hasattr(model, "network_") else model.network_.parameters.copy()
            model.partial_fit(X, Y)
            if np.isnan(model.loss_):
                break
    assert np.array_equal(model.network_.parameters, before)


def growth(*, normalization=None, initializer="he_normal", depth=24, skip="residual"):
    sizes = (8,) * depth
    model = MLPRegressor(hidden_layer_sizes=sizes, skip=skip, initializer=initializer, max_iter=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.set_params(normalization=normalization).fit(X, Y)
    return sum("double the variance" in str(one.message) for one in caught)


def test_residual_blocks_whose_variance_doubles_are_warned_of():
    assert growth() == growth(initializer="he_uniform") == 1
    others = [dict(depth=7), dict(initializer="glorot_uniform"), dict(normalization="layer")]
    others += [dict(skip="deepnorm"), dict(skip="highway")]
    assert [growth(**other) for other in others] == [0] * len(others)
