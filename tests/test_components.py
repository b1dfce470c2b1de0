"""Components: plain objects, and the Python half of the engine's catalogs."""

import pickle
import re
from dataclasses import fields, is_dataclass

import pytest
from sklearn.base import clone

from deepgen import _core
from deepgen._component import resolve
from deepgen.augmentation import AUGMENTATIONS
from deepgen.embeddings import NUMERICAL_EMBEDDINGS, CategoryEmbedding
from deepgen.estimators import network_spec as specification
from deepgen.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    BinaryCrossEntropy,
    ClassificationLoss,
    LogLoss,
    Quantile,
    RegressionLoss,
)
from deepgen.normalizations import (
    NORMALIZATIONS,
    BatchNorm,
    Normalization,
    Reparametrization,
    ScaledWeightStandardization,
)
from deepgen.optimizers import (
    LBFGS,
    SAM,
    SGD,
    SOLVERS,
    WRAPPERS,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    FirstOrder,
    Optimizer,
    RMSProp,
)
from deepgen.schedules import SCHEDULES, InvScaling, Schedule
from deepgen.skips import SKIPS, DeepNorm, Fixup, Highway, Residual, Skip

CATALOG = _core.catalog()
CLASSES = {
    cls
    for members in (
        *(REGRESSION_LOSSES, CLASSIFICATION_LOSSES, NORMALIZATIONS, SOLVERS, SCHEDULES, SKIPS),
        AUGMENTATIONS,
        NUMERICAL_EMBEDDINGS,
    )
    for cls in members.values()
} | {*WRAPPERS, CategoryEmbedding}
ENGINE_FAMILIES = {
    "augmentations": AUGMENTATIONS,
    "embeddings": {**NUMERICAL_EMBEDDINGS, "levels": CategoryEmbedding},
    "losses": {**REGRESSION_LOSSES, **CLASSIFICATION_LOSSES},
    "normalizations": {
        name: cls for name, cls in NORMALIZATIONS.items() if not issubclass(cls, Reparametrization)
    },
    "reparametrizations": {
        name: cls for name, cls in NORMALIZATIONS.items() if issubclass(cls, Reparametrization)
    },
    "optimizers": {name: cls for name, cls in SOLVERS.items() if cls is not LBFGS},
    "wrappers": {cls.name: cls for cls in WRAPPERS},
}
# Members that an estimator's own parameters, or skips, stand for.
WITHOUT_CLASS = {
    "none",
    "clip_norm",
    "adaptive_clip",
    "batch_ensemble",
    "ema",
    "gain",
    "line",
    "ntk",
}
every_class = pytest.mark.parametrize("cls", sorted(CLASSES, key=lambda cls: cls.__name__))


@every_class
def test_every_field_has_a_default(cls):
    assert is_dataclass(cls)
    assert cls() == cls(**cls().get_params(deep=False))
    assert repr(cls()) == f"{cls.__name__}()"


@every_class
def test_constructors_convert_and_validate_nothing(cls):
    nonsense = object()
    names = [field.name for field in fields(cls)]
    made = cls(**dict.fromkeys(names, nonsense))
    assert all(getattr(made, name) is nonsense for name in names)


@every_class
def test_every_component_clones_and_pickles(cls):
    for copied in (clone(cls(), safe=False), pickle.loads(pickle.dumps(cls()))):
        assert copied == cls() and type(copied) is cls


@every_class
def test_unknown_parameters_are_refused_with_the_known_ones(cls):
    with pytest.raises(ValueError, match=f"{cls.__name__} has no parameter 'nonsense'; known: "):
        cls().set_params(nonsense=1)


def test_what_was_changed_is_shown():
    assert repr(Adam(beta_1=0.5, epsilon=1e-8)) == "Adam(beta_1=0.5)"


@pytest.mark.parametrize("family", ENGINE_FAMILIES)
def test_every_member_of_the_engine_has_a_class_with_its_settings_and_defaults(family):
    described = {}
    for cls in ENGINE_FAMILIES[family].values():
        core = cls().to_core()
        if cls not in (AdamW, BinaryCrossEntropy):
            described[core.name] = core.settings
    catalog = {
        name: {setting: parameter.default for setting, parameter in settings.items()}
        for name, settings in CATALOG[family].items()
        if name not in WITHOUT_CLASS and not name.startswith(("binary_", "centered_"))
    }
    assert described == catalog


def test_binary_losses_have_the_settings_of_those_over_classes():
    for cls in CLASSIFICATION_LOSSES.values():
        binary = cls().binary_core()
        assert binary.name == f"binary_{cls.name}"
        assert set(binary.settings) == set(CATALOG["losses"][binary.name])


def test_cross_entropy_of_shares_is_the_classifiers_without_smoothing():
    assert BinaryCrossEntropy().to_core().name == LogLoss().binary_core().name
    assert BinaryCrossEntropy().to_core().settings == {}  # the engine's own, no smoothing


def test_centred_rmsprop_has_the_settings_of_the_plain_one():
    plain, centred = RMSProp().to_core(), RMSProp(centered=True).to_core()
    assert (plain.name, centred.name) == ("rmsprop", "centered_rmsprop")
    assert centred.settings == plain.settings


def test_conventions_bring_their_own_defaults():
    """As PyTorch 2.13 and Keras 3 document them."""
    assert AdaGrad().settings()["epsilon"] == 1e-10
    assert AdaGrad(eps_mode="keras").settings()["epsilon"] == 1e-7
    assert AdaGrad(eps_mode="keras").settings()["initial_accumulator"] == 0.1
    assert RMSProp().settings()["rho"] == 0.99
    assert RMSProp(eps_mode="keras").settings()["rho"] == 0.9
    assert AdaDelta().settings() == {"rho": 0.9, "epsilon": 1e-6, "weight_decay": 0.0}
    assert AdaDelta(eps_mode="keras").settings()["rho"] == 0.95
    assert AdaDelta(eps_mode="keras", rho=0.5, epsilon=1.0).settings()["rho"] == 0.5


@pytest.mark.parametrize("cls", [AdaDelta, AdaGrad, RMSProp])
def test_an_unknown_convention_is_refused(cls):
    with pytest.raises(ValueError, match="unknown eps_mode 'sklearn'; known: keras, torch"):
        cls(eps_mode="sklearn").to_core()


@pytest.mark.parametrize("cls", WRAPPERS)
def test_a_wrapper_takes_a_rule_that_wraps_nothing(cls):
    for base in (LBFGS(), SAM(), "adam", None):
        with pytest.raises(ValueError, match=f"{cls.__name__}: base must be a first-order opt"):
            cls(base=base).check()
    with pytest.raises(ValueError, match=re.escape("SGD: momentum must be in [0, 1], got 2")):
        cls(base=SGD(momentum=2)).check()


@pytest.mark.parametrize("cls", WRAPPERS)
def test_parameters_of_a_wrapper_reach_into_its_base(cls):
    wrapper = cls(base=SGD())
    assert wrapper.set_params(base__momentum=0.5).base == SGD(momentum=0.5)
    assert wrapper.get_params()["base__momentum"] == 0.5
    assert cls().base is not cls().base
    assert (wrapper.rule(), [core.name for core in wrapper.wrappers()]) == (
        wrapper.base,
        [cls.name],
    )


def test_activations_are_those_of_the_engine():
    assert set(specification.ACTIVATIONS) == set(CATALOG["activations"])


def test_adamw_is_adam_with_decay():
    assert AdamW().to_core().settings == Adam(weight_decay=0.01).to_core().settings
    assert AdamW().to_core().name == "adam"


def test_settings_take_the_engines_names():
    assert Adam(eps_mode="torch").to_core().settings["eps_hat"] == 0.0
    assert SGD(nesterov=False).to_core().settings["nesterov"] == 0.0
    assert BatchNorm(eps=1e-3, recalibrate=True).to_core().settings == {
        "epsilon": 1e-3,
        "momentum": 0.1,
    }
    assert ScaledWeightStandardization(eps=0.5).to_core().settings == {"epsilon": 0.5, "gamma": 1.0}
    assert Quantile((0.1, 0.9)).to_core().settings == {"quantile": [0.1, 0.9]}


@pytest.mark.parametrize(
    ("members", "base"),
    [
        (SOLVERS, Optimizer),
        (SOLVERS, FirstOrder),
        (NORMALIZATIONS, Normalization),
        (NORMALIZATIONS, Reparametrization),
        (SKIPS, Skip),
        (SCHEDULES, Schedule),
        (REGRESSION_LOSSES, RegressionLoss),
        (CLASSIFICATION_LOSSES, ClassificationLoss),
    ],
)
def test_bases_are_no_values(members, base):
    with pytest.raises(ValueError, match=f"thing is a bare {base.__name__}, .* give one of [A-Z]"):
        resolve(base(), members, "thing")


def test_a_schedule_of_ones_own_is_a_value():
    class Halving(Schedule):
        pass

    own = Halving()
    assert resolve(own, SCHEDULES, "learning_rate") is own


def test_own_learning_rate_wins():
    assert SGD().rate(0.1) == 0.1
    assert SGD(learning_rate_init=0.5).rate(0.1) == 0.5


def test_names_are_resolved_and_objects_left_alone():
    own = InvScaling(power_t=1)
    assert resolve(own, SCHEDULES, "learning_rate") is own
    assert resolve("constant", SCHEDULES, "learning_rate") == SCHEDULES["constant"]()
    with pytest.raises(ValueError, match="unknown learning_rate 'sine'; known: adaptive, constant"):
        resolve("sine", SCHEDULES, "learning_rate")


@pytest.mark.parametrize(
    ("widths", "sources"),
    [
        ([], []),
        ([8], [-1]),
        ([8, 4], [-1, -1]),
        ([8, 4, 8], [-1, -1, 0]),
        ([8, 8, 8, 8, 8], [-1, -1, 0, -1, 2]),
        ([8, 8, 4, 8, 4], [-1, -1, -1, -1, 2]),
        ([8, 8, 8, 8], [-1, -1, 0, -1]),
    ],
)
def test_residual_blocks_take_layers_two_by_two(widths, sources):
    for skip in (Residual(), DeepNorm(), Fixup()):
        assert skip.sources(widths) == sources


@pytest.mark.parametrize(
    ("widths", "sources"),
    [
        ([], []),
        ([8], [-1]),
        ([8, 8], [-1, 0]),
        ([8, 4, 4, 8, 8, 8], [-1, -1, 1, -1, 3, 4]),
    ],
)
def test_a_highway_gates_every_layer_as_wide_as_the_one_before(widths, sources):
    assert Highway().sources(widths) == sources


def test_what_a_skip_is_to_the_engine_is_in_its_catalog():
    for cls in SKIPS.values():
        settings = cls().engine_settings(5)
        assert settings.keys() == CATALOG["skips"][cls.engine_name].keys()
    assert DeepNorm().engine_settings(81) == {"alpha": 3.0}


def test_branches_are_dropped_more_with_depth():
    assert Residual(drop=0.5).drops(0) == []
    assert Residual(drop=0.6).drops(3) == pytest.approx([0.2, 0.4, 0.6])
    assert Fixup().drops(2) == [0.0, 0.0]
