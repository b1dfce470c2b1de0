"""Settings: what fields may be, stated once and copied faithfully."""

import math
import re
import typing
from dataclasses import fields, replace

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc

from deepgen import _core
from deepgen._component import Component
from deepgen._settings import Range, settings_of
from deepgen.augmentation import AUGMENTATIONS
from deepgen.averaging import AVERAGINGS
from deepgen.losses import Huber, Quantile
from deepgen.normalizations import BatchNorm, ScaledWeightStandardization, WeightNorm
from deepgen.optimizers import KFAC, SGD, Adam, Shampoo
from deepgen.schedules import Cosine, Plateau
from deepgen.skips import Highway

CATALOG = _core.catalog()


def below(cls):
    """All classes below a class that the package defines."""
    own = [sub for sub in cls.__subclasses__() if sub.__module__.startswith("deepgen.")]
    return {*own, *(deeper for sub in own for deeper in below(sub))}


CLASSES = sorted(below(Component), key=lambda cls: cls.__name__)
every_class = pytest.mark.parametrize("cls", CLASSES)


def test_every_family_is_here():
    for members in (AUGMENTATIONS, AVERAGINGS):
        assert set(members.values()) <= set(CLASSES)
    assert len(CLASSES) >= 50


def test_a_setting_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="Huber: delta must be a number, got 'wide'"):
        Huber(delta="wide").to_core()


SETTINGS = [(cls, field, own) for cls in CLASSES for field, own in settings_of(cls).items()]
SETTINGS.sort(key=lambda row: (row[0].__name__, row[1]))
RANGED = [row for row in SETTINGS if row[2].kind in (float, int)]
every_setting, every_range = (
    pytest.mark.parametrize(
        ("cls", "field", "setting"), rows, ids=[f"{cls.__name__}-{field}" for cls, field, _ in rows]
    )
    for rows in (SETTINGS, RANGED)
)


@every_class
def test_every_field_says_what_it_may_be(cls):
    # Components inside others are checked by their own class, arrays by the class itself.
    assert {field.name for field in fields(cls)} <= {
        *settings_of(cls),
        "base",
        "schedule",
        "features",
        *("coefs", "intercepts", "activations"),
    }


@every_setting
def test_a_default_is_what_the_field_may_be(cls, field, setting):
    """A check passes over defaults."""
    assert setting.refusal(field, setting.default) == ""
    if setting.default is not None:
        # Sound by itself, not for being the default.
        assert replace(setting, default=None, optional=False).refusal(field, setting.default) == ""


@every_setting
def test_what_the_engine_knows_is_stated_there_alone(cls, field, setting):
    stated = cls.__dataclass_fields__[field].metadata.get("setting")
    if setting.engine_name:
        parameter = CATALOG[cls.family][cls.name][setting.engine_name]
        assert setting.allowed.low == parameter.low and setting.allowed.high == parameter.high
        assert stated is None or (stated.allowed is None and stated.choices == ())
    else:
        assert stated is not None or setting.kind is bool


@every_setting
def test_types_for_the_reader_are_those_of_the_settings(cls, field, setting):
    """Annotations are for people and type checkers; the check goes by the catalog."""
    known = typing.get_type_hints(cls)[field]
    kinds = {typing.get_origin(kind) or kind for kind in typing.get_args(known) or (known,)}
    assert setting.kind in kinds
    assert setting.optional == (type(None) in kinds)


@every_range
def test_values_outside_the_range_are_refused_and_the_range_is_shown(cls, field, setting):
    allowed = setting.allowed
    outside = [
        setting.kind(bound) for bound in (allowed.low - 1, allowed.high + 1) if math.isfinite(bound)
    ]
    for value in (math.nan, math.inf, -math.inf, 10**400, *outside):
        made = cls(**{field: value})
        with pytest.raises(ValueError, match=f"{cls.__name__}: {field} must be"):
            made.check()
    for bound in {allowed.low, allowed.high} - {math.inf, -math.inf}:
        value = setting.kind(bound)
        made = cls(**{field: value})
        if bound in allowed:
            made.check()
        else:
            message = re.escape(f"{cls.__name__}: {field} must be in {allowed}, got {value}")
            with pytest.raises(ValueError, match=message):
                made.check()


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Adam(beta_2=2), "Adam: beta_2 must be in [0, 1), got 2"),
        (SGD(momentum=-0.5), "SGD: momentum must be in [0, 1], got -0.5"),
        (BatchNorm(eps=0.0), "BatchNorm: eps must be in (0, inf), got 0.0"),
        (Shampoo(interval=0), "Shampoo: interval must be in [1, inf), got 0"),
        (Shampoo(interval=1.5), "Shampoo: interval must be an integer, got 1.5"),
        (Shampoo(grafting="lion"), "unknown grafting 'lion'; known: none, sgd, adagrad, adam"),
        (KFAC(fisher="exact"), "KFAC: unknown fisher 'exact'; known: empirical, true"),
        (KFAC(kl_clip=-1.0), "KFAC: kl_clip must be in [0, inf), got -1.0"),
        (SGD(learning_rate_init=0.0), "SGD: learning_rate_init must be in (0, inf), got 0.0"),
        (Plateau(patience=-1), "Plateau: patience must be in [0, inf), got -1"),
        (Cosine(n_epochs=0), "Cosine: n_epochs must be in [1, 1e+09], got 0"),
        (Highway(gate_bias=math.inf), "Highway: gate_bias must be in (-inf, inf), got inf"),
    ],
)
def test_a_refusal_names_the_class_the_field_what_is_known_and_what_came(made, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        made.check()


@every_range
def test_the_docstring_says_the_range(cls, field, setting):
    allowed = setting.allowed
    shown = str(allowed).replace("e+0", "e")
    if math.isinf(allowed.high):
        sign = ">" if allowed.open_low else ">="
        shown = "" if math.isinf(allowed.low) else f"{sign} {allowed.low:g}"
    described = [entry for entry in ClassDoc(cls)["Parameters"] if entry.name == field]
    text = " ".join(described[0].desc)
    said = shown == "" or re.search(rf"(^|\s){re.escape(shown)}(\W|$)", text)
    assert said, f"{text!r} does not say {shown!r}"


@pytest.mark.parametrize(
    "text", ["[0, 1]", "(0, 1]", "[0, 1)", "(0, 1)", "[1, inf)", "(-inf, inf)"]
)
def test_ranges_show_which_bounds_belong(text):
    allowed = Range.of(text)
    assert str(allowed) == text
    assert (allowed.low in allowed, allowed.high in allowed) == (text[0] == "[", text[-1] == "]")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8])
def test_numbers_of_numpy_are_numbers(kind):
    assert kind(1) in Range.of("[0, inf)")
    assert kind(1) not in Range.of("[0, 1)")
    assert kind(-1) not in Range.of("[0, inf)")
    if kind is not np.int8:
        assert kind(np.inf) not in Range.of("[0, inf)")
        assert kind(np.nan) not in Range.of("[0, inf)")


def test_the_engine_s_infinite_bound_is_for_no_field():
    assert math.inf not in Range(0, math.inf) and str(Range(0, math.inf)) == "[0, inf)"
    assert 10**400 not in Range(0, math.inf)


@pytest.mark.parametrize(
    ("cls", "flag"),
    [
        (SGD, "nesterov"),
        (BatchNorm, "recalibrate"),
        (WeightNorm, "data_dependent"),
        (ScaledWeightStandardization, "centre_features"),
    ],
)
def test_flags_are_true_or_false(cls, flag):
    with pytest.raises(ValueError, match=f"{cls.__name__}: {flag} must be True or False, got 'ma"):
        cls(**{flag: "maybe"}).to_core()


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (1.0, "must be in (0, 1), got 1.0"),
        ([0.5, math.nan], "must be in (0, 1), got [0.5, nan]"),
        ([], "must have at least one level"),
        ([0.5, 0.5], "must ascend without repeats, got [0.5, 0.5]"),
    ],
)
def test_quantile_levels_ascend_between_0_and_1(levels, message):
    with pytest.raises(ValueError, match=re.escape(f"Quantile: quantile {message}")):
        Quantile(levels).to_core()
