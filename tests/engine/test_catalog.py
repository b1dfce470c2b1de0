"""The catalog: every member is listed, has a twin, keeps its defaults and refuses nonsense."""

import math
from dataclasses import replace

import numpy as np
import pytest
from small_networks import EMBEDDINGS
from small_networks import network_of as spec_of

import reference
from deepgen import _core
from engine.building import network_of, trainer_of
from reference import Component, EmbeddingSpec, LayerSpec

CATALOG = _core.catalog()

TWINS = {
    "activations": {name: {} for name in reference.ACTIVATIONS},
    "augmentations": {name: member.defaults for name, member in reference.AUGMENTATIONS.items()},
    "embeddings": {
        name: {field: getattr(member(), field) for field in vars(member())}
        for name, member in reference.EMBEDDINGS.items()
    },
    "normalizations": reference.NORMALIZATIONS,
    "reparametrizations": {
        name: member.defaults for name, member in reference.REPARAMETRIZATIONS.items()
    },
    "losses": {name: loss.defaults for name, loss in reference.LOSSES.items()},
    "pretexts": {name: member.defaults for name, member in reference.PRETEXTS.items()},
    "skips": {
        name: {field: getattr(skip(), field) for field in vars(skip())}
        for name, skip in reference.SKIPS.items()
    },
    "optimizers": {name: rule.defaults for name, rule in reference.OPTIMIZERS.items()},
    "wrappers": {name: wrapper.defaults for name, wrapper in reference.WRAPPERS.items()},
}

MEMBERS = [(family, member) for family in CATALOG for member in CATALOG[family]]
# Activations are asked for by name alone, so they take no settings.
WITH_COMPONENT = [(family, member) for family, member in MEMBERS if family != "activations"]
SETTINGS = [
    (family, member, setting) for family, member in MEMBERS for setting in CATALOG[family][member]
]


def build(family, component):
    """Something that has to look the component up."""
    if family == "activations":
        return network_of(spec_of(LayerSpec(width=3, activation=component.name)))
    if family == "normalizations":
        return network_of(spec_of(LayerSpec(width=3, normalization=component)))
    if family == "reparametrizations":
        return network_of(spec_of(LayerSpec(width=3, reparametrization=component)))
    if family == "skips":
        closing = LayerSpec(width=3, activation="identity", skip_from=0, skip=component)
        return network_of(spec_of(LayerSpec(width=3), closing))
    if family == "embeddings":
        spec = spec_of(LayerSpec(width=3))
        known = EMBEDDINGS.get(component.name, EMBEDDINGS["pbld"])[0]
        embedding = EmbeddingSpec(component, known.features, known.constants)
        return network_of(replace(spec, embeddings=[embedding]))
    if family == "losses":
        return network_of(spec_of(LayerSpec(width=3), loss=component, n_outputs=2))
    if family == "pretexts":
        spec = spec_of(LayerSpec(width=3), n_inputs=3, n_outputs=3)
        return trainer_of(spec, Component("sgd"), pretext=component)
    if family == "augmentations":
        return trainer_of(spec_of(LayerSpec(width=3)), Component("sgd"), augmentation=component)
    if family == "wrappers":
        return trainer_of(spec_of(LayerSpec(width=3)), Component("sgd"), wrappers=[component])
    return trainer_of(spec_of(LayerSpec(width=3)), component)


def test_families_are_those_of_the_twin():
    assert CATALOG.keys() == TWINS.keys()


@pytest.mark.parametrize("family", sorted(TWINS))
def test_every_member_has_a_twin_and_every_twin_a_member(family):
    assert CATALOG[family].keys() == TWINS[family].keys()


@pytest.mark.parametrize(("family", "member"), MEMBERS)
def test_defaults_are_those_of_the_twin(family, member):
    defaults = {name: entry.default for name, entry in CATALOG[family][member].items()}
    assert defaults == TWINS[family][member]


@pytest.mark.parametrize(("family", "member", "setting"), SETTINGS)
def test_a_default_lies_in_its_range_and_all_inside_is_accepted(family, member, setting):
    """Up to the ends themselves, or a hair before one that is open."""
    parameter = CATALOG[family][member][setting]
    low, high = parameter.low, parameter.high
    inside = [parameter.default, low, high if math.isfinite(high) else 1e6]
    if parameter.open_low:
        # The smallest number that float32 can tell from 0.
        inside[1] = float(np.finfo(np.float32).tiny) if low == 0 else math.nextafter(low, math.inf)
    if parameter.open_high:
        inside[2] = math.nextafter(high, -math.inf) if math.isfinite(high) else 1e6
    for value in inside:
        assert build(family, Component(member, {setting: value})) is not None


@pytest.mark.parametrize(("family", "member", "setting"), SETTINGS)
def test_values_outside_the_range_are_refused_with_the_range(family, member, setting):
    parameter = CATALOG[family][member][setting]
    low, high = parameter.low, parameter.high
    outside = [math.nextafter(low, -math.inf), low - 1.0, math.nan]
    if math.isfinite(high):
        outside += [math.nextafter(high, math.inf), high + 1.0]
    outside += [low, low + 1e-40] if parameter.open_low else []
    outside += [high] if parameter.open_high else []
    if parameter.integer:
        outside.append(low + 0.5)
    for value in outside:
        with pytest.raises(ValueError, match=rf"{member}.*{setting}"):
            build(family, Component(member, {setting: value}))


def test_choices_are_the_names_of_whole_numbers_from_0():
    named = [p for members in CATALOG.values() for m in members.values() for p in m.values()]
    named = [parameter for parameter in named if parameter.choices]
    assert named
    for parameter in named:
        assert (parameter.low, parameter.high) == (0, len(parameter.choices) - 1)
        assert parameter.integer


@pytest.mark.parametrize(("family", "member"), WITH_COMPONENT)
def test_unknown_settings_are_refused_with_the_known_ones(family, member):
    known = ", ".join(sorted(CATALOG[family][member])) or "none"
    with pytest.raises(ValueError, match=f"unknown setting 'colour'; known: {known}"):
        build(family, Component(member, {"colour": 1.0}))


@pytest.mark.parametrize("family", sorted(TWINS))
def test_unknown_members_are_refused_with_the_known_ones(family):
    known = ", ".join(sorted(CATALOG[family]))
    with pytest.raises(
        ValueError, match=f"unknown {family[:-1].removesuffix('e')}e?.* 'nonsense'; known: {known}"
    ):
        build(family, Component("nonsense"))


@pytest.mark.parametrize(
    ("family", "member"), [own for own in MEMBERS if own[0] in ("optimizers", "wrappers")]
)
def test_the_layout_of_a_state_is_that_of_its_arrays(family, member):
    trainer = build(family, Component(member))
    shapes = {name: values.shape for name, values in trainer.state().items()}
    assert trainer.state_layout() == shapes


# Of rules whose steps are smaller than the rate says.
NATURAL_RATES = {"adadelta": 10.0, "adagrad": 0.5}


@pytest.mark.parametrize("optimizer", sorted(CATALOG["optimizers"]))
def test_every_optimizer_descends_to_the_minimum_of_a_quadratic(optimizer):
    """Linear regression without noise: the loss falls to a thousandth of where it was."""
    spec = spec_of(n_inputs=3, n_outputs=2)
    random_state = np.random.default_rng(0)
    X = random_state.normal(size=(64, 3))
    y = X @ random_state.normal(size=(3, 2)) + 1.0
    parameters = np.zeros(reference.n_parameters(spec))
    trainer = trainer_of(spec, Component(optimizer), batch_size=16)
    trainer.set_data(X, y)
    trainer.load(parameters)
    for epoch in range(100):
        trainer.begin_epoch(epoch)
        trainer.run(np.full(trainer.steps_per_epoch, NATURAL_RATES.get(optimizer, 0.02)))
    after = np.empty_like(parameters)
    trainer.store(after)
    network = network_of(spec)
    assert network.loss(after, X, y) < 1e-3 * network.loss(parameters, X, y)
