"""Adaptive clipping against timm's formula, restated, and its own laws."""

import numpy as np
import pytest
from engine.building import parameters_after, trainer_of
from small_networks import BATCH, network_of, parameters_of, residual, two_hidden

import reference
from reference import Component, LayerSpec

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")

PLAIN = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
RATIO, RATE, ALPHA = 0.05, 0.01, 0.2
SPECS = {
    "two hidden": two_hidden(),
    "batch norm": residual(BATCH),
    "narrow": network_of(LayerSpec(width=70), LayerSpec(width=3), LayerSpec(width=130)),
}
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


def timm_unitwise_norm(x):
    """timm 1.0, adaptive_clip_grad: vectors as wholes, matrices (out, in) by output."""
    return x.norm() if x.ndim <= 1 else x.norm(dim=1, keepdim=True)


def timm_clip(w, g, clip_factor, eps=1e-3):
    most = timm_unitwise_norm(w).clamp(min=eps) * clip_factor
    length = timm_unitwise_norm(g)
    return torch.where(length < most, g, g * (most / length.clamp(min=1e-6)))


def data_for(spec):
    random_state = np.random.default_rng(0)
    X = random_state.normal(size=(24, spec.n_inputs))
    y = 5 * random_state.normal(size=(24, spec.layers[-1].width))
    return parameters_of(spec, random_state), X, y


def gradient_of(spec, wrappers, parameters, X, y):
    """What plain descent steps along, by trainable block."""
    trainer = trainer_of(spec, PLAIN, wrappers=wrappers, alpha=ALPHA, batch_size=len(X))
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    trainer.run(np.full(1, RATE))
    g = (parameters - parameters_after(trainer, parameters)) / RATE
    return {
        block.name: g[block.offset : block.offset + block.size].reshape(block.rows, block.columns)
        for block in reference.layout(spec)
        if block.trainable
    }


def clip_of(ratio=RATIO):
    return Component("adaptive_clip", {"ratio": ratio})


@every_spec
def test_all_layers_but_the_last_are_clipped_as_by_timm(spec):
    parameters, X, y = data_for(spec)
    plain = gradient_of(spec, [], parameters, X, y)
    clipped = gradient_of(spec, [clip_of()], parameters, X, y)
    weights = reference.split(spec, parameters)
    changed = 0
    for name, g in plain.items():
        kind, l = name.rsplit("_", 1)
        expected = g
        if int(l) < len(spec.layers) - 1:
            w, own = (torch.tensor(np.asarray(a).reshape(g.shape)) for a in (weights[name], g))
            if kind == "coefs":
                expected = timm_clip(w.T, own.T, RATIO).T.numpy()
            else:
                expected = timm_clip(w[0], own[0], RATIO).numpy()[None]
        changed += not np.array_equal(expected, g)
        np.testing.assert_allclose(clipped[name], expected, rtol=1e-8, atol=1e-11)
    assert changed > len(spec.layers) - 1


@every_spec
def test_clipping_twice_is_clipping_once(spec):
    parameters, X, y = data_for(spec)
    once = gradient_of(spec, [clip_of()], parameters, X, y)
    twice = gradient_of(spec, [clip_of(), clip_of()], parameters, X, y)
    for name in once:
        np.testing.assert_allclose(twice[name], once[name], rtol=1e-8, atol=1e-11)


def test_no_unit_is_longer_than_its_share():
    spec = SPECS["narrow"]
    parameters, X, y = data_for(spec)
    clipped = gradient_of(spec, [clip_of()], parameters, X, y)
    weights = reference.split(spec, parameters)
    for l in range(len(spec.layers) - 1):
        lengths = np.linalg.norm(clipped[f"coefs_{l}"], axis=0)
        sizes = np.linalg.norm(
            np.reshape(weights[f"coefs_{l}"], clipped[f"coefs_{l}"].shape), axis=0
        )
        assert (lengths <= RATIO * np.maximum(sizes, 1e-3) * (1 + 1e-6)).all()
