"""Values out of range of every parameter and every field; a new one is covered by itself."""

import copy
from dataclasses import fields
from numbers import Integral
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    generate_invalid_param_val,
    make_constraint,
)

from deepgen import MLPClassifier, MLPRegressor
from deepgen._component import Component
from deepgen._settings import settings_of
from deepgen.embeddings import CategoryEmbedding
from deepgen.optimizers import SGD, Adam
from deepgen.schedules import InvScaling
from estimators.samples import curve, features

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # A learning rate by name that acts for 'sgd' only is refused or not before it is warned about.
    pytest.mark.filterwarnings("ignore:learning_rate='.*' acts with"),
]

X = features(n=40)
NUMBERS = np.abs(curve(X)) + 0.1
CLASSES = np.digitize(NUMBERS, [0.6, 1.2])
TARGETS = {MLPRegressor: NUMBERS, MLPClassifier: CLASSES}
SMALL = dict(hidden_layer_sizes=(4, 4), max_iter=1, random_state=0)


class Nonsense:
    """An object of no type that any parameter takes."""

    def __repr__(self):
        return "<nonsense>"


def outside(constraint):
    """Values just and far outside a range, of the right type."""
    if constraint.type is Integral:
        own, far = int, 10**9
    else:
        own, far = float, 1e300
    values = [float("nan"), float("inf"), -float("inf")]
    low, high = constraint.left, constraint.right
    if low is not None:
        step = 1 if own is int else 1e-9 * max(1, abs(low))
        values += [own(low - step), own(-far)]
        values += [own(low)] if constraint.closed in ("neither", "right") else []
    if high is not None:
        values += [own(high + (1 if own is int else 1e-9)), own(far)]
        values += [own(high)] if constraint.closed in ("neither", "left") else []
    return values


def satisfied(constraints, value):
    try:
        return any(make_constraint(constraint).is_satisfied_by(value) for constraint in constraints)
    except (TypeError, ValueError):
        return False


def wrong_values():
    for cls in (MLPRegressor, MLPClassifier):
        for name, constraints in cls._parameter_constraints.items():
            values = [Nonsense(), "nonsense", b"bytes"]
            for constraint in map(make_constraint, constraints):
                if isinstance(constraint, Interval):
                    values += outside(constraint)
                if isinstance(constraint, StrOptions):
                    # Sorted: workers that run the tests side by side must name them alike.
                    values.append(f"not {' or '.join(sorted(constraint.options))}")
                    continue
                try:
                    values.append(generate_invalid_param_val(constraint))
                except NotImplementedError:  # there is none: another type serves
                    pass
            for value in values:
                if not satisfied(constraints, value):
                    yield pytest.param(cls, name, value, id=f"{cls.__name__}-{name}-{value!r:.20}")


def test_every_parameter_has_a_constraint():
    for cls in (MLPRegressor, MLPClassifier):
        assert set(cls._parameter_constraints) == set(cls().get_params(deep=False))


@pytest.mark.parametrize("cls", [MLPRegressor, MLPClassifier])
def test_what_stands_for_a_field_of_a_component_has_its_default(cls):
    model, sgd, adam = cls(), SGD(), Adam()
    assert (model.momentum, model.nesterovs_momentum) == (sgd.momentum, sgd.nesterov)
    assert (model.beta_1, model.beta_2, model.epsilon) == (adam.beta_1, adam.beta_2, adam.epsilon)
    assert model.power_t == InvScaling().power_t


def literals(kind):
    """The strings in a type, wherever in it they stand."""
    if get_origin(kind) is Literal:
        return {name for name in get_args(kind) if isinstance(name, str)}
    return set().union(*map(literals, get_args(kind)))


@pytest.mark.parametrize("cls", [MLPRegressor, MLPClassifier])
def test_types_list_the_names_that_parameters_take(cls):
    """So that editors complete them; what a family gains is missing here until it is written."""
    types = get_type_hints(cls.__init__)
    for name, constraints in cls._parameter_constraints.items():
        known = [rule.options for rule in constraints if isinstance(rule, StrOptions)]
        if name != "scoring":  # scikit-learn's names, which depend on its version
            assert literals(types[name]) == set().union(*known), name


def choices(options):
    """All names in order, of a long list the first twenty and how many more."""
    shown = ", ".join(map(repr, sorted(options)[:20]))
    return shown if len(options) <= 20 else f"{shown} and {len(options) - 20} more"


@pytest.mark.parametrize(("cls", "name", "value"), list(wrong_values()))
def test_a_parameter_out_of_range_is_refused_by_name(cls, name, value):
    model = cls(**{**SMALL, name: value})
    with pytest.raises(
        ValueError, match=f"The '{name}' parameter of {cls.__name__} must be"
    ) as info:
        model.fit(X, TARGETS[cls])
    assert str(value)[:20] in str(info.value)
    for constraint in map(make_constraint, cls._parameter_constraints[name]):
        if isinstance(constraint, StrOptions):
            assert f"{{{choices(constraint.options)}}}" in str(info.value)
    assert not hasattr(model, "network_")


def leaves(cls):
    below = cls.__subclasses__()
    return [cls] if not below else [leaf for own in below for leaf in leaves(own)]


MEMBERS = sorted({cls for cls in leaves(Component) if cls.name}, key=lambda cls: cls.__name__)
PARAMETERS = {
    "activations": "activation",
    "augmentation": "augmentation",
    "embeddings": "numerical_embedding",
    "initializers": "initializer",
    "losses": "loss",
    "normalizations": "normalization",
    "optimizers": "solver",
    "schedules": "learning_rate",
    "skips": "skip",
    "averaging": "averaging",
}


def settled(cls, name, value):
    """An estimator with a component that has one field changed, and targets for it."""
    parameter = PARAMETERS[cls.__module__.split(".")[1]]
    if cls is CategoryEmbedding:
        parameter = "category_embedding"
    kinds = {base.__name__ for base in cls.__mro__}
    estimator = MLPClassifier if "ClassificationLoss" in kinds else MLPRegressor
    component = cls()
    setattr(component, name, value)
    return estimator(**{**SMALL, parameter: component}), TARGETS[estimator]


def wrong_fields():
    for cls in MEMBERS:
        for field in fields(cls):
            values = [Nonsense(), "nonsense", float("nan"), 10**400, b"bytes", {}]
            setting = settings_of(cls).get(field.name)
            if setting is not None and setting.kind is dict:
                values[-1] = {"nonsense": 1.0}
            if setting is not None and setting.kind in (float, int):
                step = 1 if setting.kind is int else 1e-3
                for bound, way, is_open in (
                    (setting.allowed.low, -1, setting.allowed.open_low),
                    (setting.allowed.high, 1, setting.allowed.open_high),
                ):
                    if np.isfinite(bound):
                        bound = setting.kind(bound)
                        values += [bound + way * step * max(1, abs(bound))]
                        values += [bound] if is_open else []
            optional = field.default is None if setting is None else setting.optional
            if not optional:
                values.append(None)
            for value in values:
                yield pytest.param(
                    cls, field.name, value, id=f"{cls.__name__}-{field.name}-{value!r:.20}"
                )


def test_every_family_of_components_has_its_parameter():
    assert {cls.__module__.split(".")[1] for cls in MEMBERS} <= set(PARAMETERS)
    assert len(MEMBERS) >= 15


@pytest.mark.parametrize(("cls", "name", "value"), list(wrong_fields()))
def test_a_field_out_of_range_is_refused_by_name(cls, name, value):
    model, targets = settled(cls, name, value)
    before = copy.copy(vars(model))
    with pytest.raises(ValueError, match=name) as info:
        model.fit(X, targets)
    assert cls.__name__ in str(info.value) or cls.name in str(info.value)
    assert vars(model) == before
