"""Malformed calls at the estimators; run as a script in a process of its own."""

import contextlib
import copy
import os
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, TimeSeriesSplit

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen._component import Component
from robustness.nonsense import Tally, calls, changed, nonsense, numbers, things, words

N = 12
X = np.random.default_rng(0).normal(size=(N, 4))
CLASSES = np.arange(N) % 3
TARGETS = {MLPRegressor: X[:, 0], MLPClassifier: CLASSES}
SMALL = dict(hidden_layer_sizes=(3,), max_iter=2, tol=1e9, n_iter_no_change=1, random_state=0)
FITTED = {cls: cls(warm_start=True, **SMALL).fit(X, y) for cls, y in TARGETS.items()}
FOLDER = Path.cwd()
tally = Tally(sys.argv[2])

SHARES = [0.25, KFold(3), KFold(13), GroupKFold(2), LeaveOneOut(), TimeSeriesSplit(2), KFold, "KF"]

estimators = st.sampled_from([MLPRegressor, MLPClassifier])


def leaves(cls):
    """All classes below a class."""
    below = cls.__subclasses__()
    return [cls] if not below else [leaf for own in below for leaf in leaves(own)]


COMPONENTS = sorted(
    {cls for cls in leaves(Component) if fields(cls)},
    key=lambda cls: cls.__name__,
)


def training(data):
    cls = data.draw(estimators)
    y = TARGETS[cls]
    given = {"X": X, "y": y, "sample_weight": np.ones(N)}
    settings = dict(SMALL)
    if data.draw(st.booleans()):
        settings["solver"] = data.draw(st.sampled_from(["sgd", "adam", "lbfgs"]))
    settings["dtype"] = data.draw(st.sampled_from(["float32", "float64"]))
    settings["early_stopping"] = data.draw(st.booleans())
    method = data.draw(st.sampled_from(["fit", "partial_fit", "again", "further"]))
    if method in ("partial_fit", "further"):
        settings["early_stopping"] = False
        if cls is MLPClassifier:
            given["classes"] = np.arange(3)
    else:
        given |= {"X_val": X[:5], "y_val": y[:5], "sample_weight_val": np.ones(5)}
        if data.draw(st.booleans()):
            n_outputs = 1 if cls is MLPRegressor else 3
            given["coefs_init"] = [np.ones((4, 3)), np.ones((3, n_outputs))]
            given["intercepts_init"] = [np.ones(3), np.ones(n_outputs)]
        if settings["early_stopping"]:
            settings["validation_fraction"] = data.draw(st.sampled_from(SHARES))
            given["groups"] = np.arange(N) % 4
    given = changed(data.draw, given)
    if method in ("again", "further"):
        model = copy.deepcopy(FITTED[cls])
        call = model.fit if method == "again" else model.partial_fit
        tally.make(method, call, **given)
        # Whatever came, the model that was there is usable.
        assert np.isfinite(
            model.predict(X) if cls is MLPRegressor else model.predict_proba(X)
        ).all()
        return
    model = cls(**settings)
    call = tally.method(model, method)
    if call is not None and tally.make(method, call, **given) is not None:
        outputs = model.predict(X[:, : model.n_features_in_]) if model.n_features_in_ <= 4 else 0
        assert np.isfinite(outputs).all() or outputs.dtype.kind not in "f"


def using(data):
    cls = data.draw(estimators)
    model = FITTED[cls] if data.draw(st.integers(0, 9)) else cls()
    methods = ["predict", "score", "embed", "predict_proba", "predict_log_proba"]
    method = data.draw(st.sampled_from([*methods, "decision_function"]))
    given = {"X": X}
    if method == "score":
        given |= {"y": TARGETS[cls], "sample_weight": np.ones(N)}
    elif method == "embed":
        given["layer"] = -1
    given = changed(data.draw, given)
    if method == "embed" and data.draw(st.booleans()):
        given["layer"] = data.draw(numbers)
    call = tally.method(model, method)
    if call is not None:
        tally.make(method, call, **given)


def parameters(data):
    """One parameter of the constructor at a time: two could make a sound fit of any length."""
    cls = data.draw(estimators)
    name = data.draw(st.sampled_from(sorted(cls().get_params(deep=False))))
    value = data.draw(st.one_of(numbers, nonsense, st.lists(numbers, max_size=3)))
    model = cls(**{**SMALL, name: value})
    incremental = data.draw(st.integers(0, 4)) == 0 and cls is MLPRegressor
    call = tally.method(model, "partial_fit" if incremental else "fit")
    if call is not None:
        tally.make(f"fit with {name}", call, X, TARGETS[cls])


WANTED_BY = {"Loss": "loss", "Normalization": "normalization", "Schedule": "learning_rate"}
WANTED_BY |= {"Optimizer": "solver", "Skip": "skip", "Averaging": "averaging"}
WANTED_BY |= {"Embedding": "numerical_embedding", "CategoryEmbedding": "category_embedding"}


def component_fields(data):
    cls = data.draw(st.sampled_from(COMPONENTS))
    name = data.draw(st.sampled_from([field.name for field in fields(cls)]))
    value = data.draw(st.one_of(numbers, nonsense))
    component = cls(**{name: value})  # constructors take anything, as scikit-learn wants it
    bases = [base.__name__ for base in cls.__mro__]
    where = [name for base, name in WANTED_BY.items() if any(own.endswith(base) for own in bases)]
    classes = "ClassificationLoss" in bases
    estimator = MLPClassifier if classes else MLPRegressor
    where = data.draw(st.sampled_from(where or ["loss"]))
    if data.draw(st.integers(0, 9)) == 0:
        where = data.draw(st.sampled_from(["loss", "normalization", "solver", "skip"]))
    model = estimator(**{**SMALL, "hidden_layer_sizes": (3, 3, 3), where: component})
    targets = np.abs(TARGETS[estimator]) + (0 if classes else 1)
    tally.make(f"fit with {component!r:.200}", model.fit, X, targets)


def setting(data):
    target = data.draw(st.sampled_from([MLPRegressor(), MLPClassifier(), deepgen_adam()]))
    name = data.draw(st.one_of(words, st.sampled_from(["solver__x", "x__y", "__", "loss__a__b"])))
    tally.make("set_params", target.set_params, **{name: data.draw(nonsense)})


def deepgen_adam():
    from deepgen.optimizers import Adam

    return Adam()


def files(data):
    """Files that are cut short, altered or no models at all, and places that are none."""
    if not hasattr(MLPRegressor, "save"):
        return
    path = FOLDER / "model.dgn"
    model = FITTED[data.draw(estimators)]
    kind = data.draw(st.integers(0, 4))
    if kind == 0:
        place = data.draw(st.one_of(numbers, things, st.just(FOLDER), st.just("/nowhere/at/all")))
        if not isinstance(place, (int, bytes)):  # an open file's number and bytes are places
            tally.make("save", model.save, place)
            tally.make("load", deepgen.load, place)
        return
    model.save(path)
    content = bytearray(path.read_bytes())
    if kind == 1:
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    elif kind == 2:
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == 3:
        content = content + data.draw(st.binary(min_size=1, max_size=9))
    else:
        content = data.draw(st.binary(max_size=40))
    path.write_bytes(content)
    refused = tally.refused
    tally.make("load", deepgen.load, path)
    assert tally.refused == refused + 1, "an altered file was taken for a model"


KINDS = [*[training] * 4, *[using] * 3, *[parameters] * 3, *[component_fields] * 2]
KINDS += [setting, files]


@calls(int(sys.argv[1]))
@given(st.data())
def any_call(data):
    data.draw(st.sampled_from(KINDS))(data)


with open(os.devnull, "w") as silence, contextlib.redirect_stdout(silence):
    any_call()
tally.report()
