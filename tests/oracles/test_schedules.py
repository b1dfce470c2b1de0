"""Learning rates of every step against torch.optim.lr_scheduler."""

import numpy as np
import pytest

from deepgen.schedules import Cosine, OneCycle, Plateau, Position, Snapshot, Warmup

torch = pytest.importorskip("torch", reason="the oracle is PyTorch: install the oracles extra")
from torch.optim import lr_scheduler  # noqa: E402

BASE, STEPS, EPOCHS = 0.3, 7, 6


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)


def rate_of(descent):
    return float(descent.param_groups[0]["lr"])


def theirs(make_scheduler):
    descent = optimizer()
    scheduler = make_scheduler(descent)
    rates = []
    for step in range(STEPS * EPOCHS):
        if step:
            descent.step()
            scheduler.step()
        rates.append(rate_of(descent))
    return rates


def ours(schedule):
    memory = {}
    epochs = [Position(epoch, 0, STEPS, 20 * epoch, EPOCHS) for epoch in range(EPOCHS)]
    return np.concatenate([schedule.rates(BASE, here, STEPS, memory) for here in epochs])


def assert_same_rates(schedule, make_scheduler):
    np.testing.assert_allclose(ours(schedule), theirs(make_scheduler), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("min_rate", [0.0, 0.05])
def test_cosine_equals_cosine_annealing(min_rate):
    assert_same_rates(
        Cosine(min_rate=min_rate),
        lambda descent: lr_scheduler.CosineAnnealingLR(descent, STEPS * EPOCHS, eta_min=min_rate),
    )


@pytest.mark.parametrize("schedule", [Cosine(warmup=2), Warmup(Cosine(), epochs=2)], ids=repr)
def test_warmup_equals_a_linear_schedule_before_another(schedule):
    rising = 2 * STEPS

    def in_sequence(descent):
        linear = lr_scheduler.LinearLR(descent, 1 / (rising + 1), total_iters=rising)
        falling = lr_scheduler.CosineAnnealingLR(descent, STEPS * EPOCHS - rising)
        return lr_scheduler.SequentialLR(descent, [linear, falling], [rising])

    # PyTorch's cosine goes from step to step, which rounds more.
    np.testing.assert_allclose(ours(schedule), theirs(in_sequence), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "settings"),
    [
        (OneCycle(), {}),
        (OneCycle(0.5, 10.0, 50.0), dict(pct_start=0.5, div_factor=10, final_div_factor=50)),
        (OneCycle(rise=0.01), dict(pct_start=0.01)),
        (OneCycle(rise=0.0), dict(pct_start=0.0)),
        (OneCycle(rise=1.0), dict(pct_start=1.0)),
    ],
    ids=repr,
)
def test_one_cycle_equals_its_two_phases(schedule, settings):
    settings = {**settings, "total_steps": STEPS * EPOCHS, "cycle_momentum": False}
    assert_same_rates(schedule, lambda descent: lr_scheduler.OneCycleLR(descent, BASE, **settings))


@pytest.mark.parametrize("n_cycles", [1, 2, 3, 4, 5])
def test_snapshot_equals_warm_restarts(n_cycles):
    length = -(-STEPS * EPOCHS // n_cycles)
    assert_same_rates(
        Snapshot(n_cycles),
        lambda descent: lr_scheduler.CosineAnnealingWarmRestarts(descent, T_0=length),
    )


LOSSES = np.random.default_rng(0).choice([1.0, 0.9999, 0.99, 0.98, 1.01], 120)
LOSSES = LOSSES * np.linspace(1.0, 0.9, 120)


@pytest.mark.parametrize(
    ("ours_", "settings"),
    [
        (Plateau(), {}),
        (Plateau(patience=0), {"patience": 0}),
        (Plateau(factor=0.5, patience=3), {"factor": 0.5, "patience": 3}),
        (Plateau(patience=2, cooldown=4), {"patience": 2, "cooldown": 4}),
        (Plateau(patience=2, threshold=0.02), {"patience": 2, "threshold": 0.02}),
        (Plateau(0.3, 1, min_rate=0.01), {"factor": 0.3, "patience": 1, "min_lr": 0.01}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("losses", [LOSSES, np.ones(150), np.repeat(LOSSES[:12], 10)])
def test_plateau_equals_reduce_on_plateau(ours_, settings, losses):
    descent, memory = optimizer(), {}
    scheduler = lr_scheduler.ReduceLROnPlateau(descent, **settings)
    here = Position(0, 0, STEPS, 0, EPOCHS)
    got, wanted = [], []
    for loss in losses:
        before = rate_of(descent)
        scheduler.step(loss)
        wanted.append(rate_of(descent))
        changed = ours_.end_epoch(BASE, float(loss), memory)
        got.append(ours_.rates(BASE, here, 1, memory)[0])
        assert changed is (wanted[-1] != before)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    assert len(set(wanted)) > 1
