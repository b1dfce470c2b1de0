"""Print what a step of each pretext task costs, in steps with targets, one thread.

python benchmarks/pretraining_costs.py [--samples N]

A step with targets trains the same network on squared error with as many outputs; for contrast it
has twice as many rows, which is what two views take through the network. All rows are changed by
the task's augmentation. Whole epochs, taken in turn; a ratio is the median over pairs of samples of
processor time.
"""

import argparse

import numpy as np
from measuring import interleaved, machine

from deepgen import _core

N_ROWS, N_FEATURES, WIDTH, BATCH = 4096, 64, 256, 256
MASKED = {"values": 2.0, "mask": 1.0}


def epoch_of(n_outputs, batch_size, *, augmentation=("none",), pretext=None):
    """Return a call that trains for an epoch on one thread."""
    layers = [_core.LayerSpec(width=WIDTH) for _ in range(2)]
    layers.append(_core.LayerSpec(width=n_outputs, activation="identity"))
    loss = _core.Component("squared_error")
    network = _core.Network(
        _core.NetworkSpec(n_inputs=N_FEATURES, layers=layers, loss=loss), "float32"
    )
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N_ROWS, N_FEATURES), dtype=np.float32)
    trainer = _core.Trainer(
        network,
        optimizer=_core.Component("adam"),
        batch_size=batch_size,
        seed=0,
        augmentation=_core.Component(*augmentation),
        pretext=pretext,
    )
    y = rng.standard_normal((N_ROWS, n_outputs), dtype=np.float32) if pretext is None else None
    trainer.set_data(X, y)
    trainer.load(0.05 * rng.standard_normal(network.n_parameters, dtype=np.float32))

    def epoch():
        trainer.begin_epoch(0)
        trainer.run(np.full(trainer.steps_per_epoch, 1e-4))

    # Steps of the same number of samples; an epoch of the doubled batch has half as many.
    return epoch, trainer.steps_per_epoch


def pairs():
    """Yield name, the pretext task's epoch and that with targets, with their numbers of steps."""
    swap, marginal = ("swap", {"probability": 0.15}), ("marginal", {"probability": 0.3})
    for name, n_outputs, batch, augmentation, task in (
        ("denoising, swap noise", N_FEATURES, BATCH, swap, ("reconstruction", {})),
        ("VIME, marginal noise", 2 * N_FEATURES, BATCH, marginal, ("reconstruction", MASKED)),
        ("SCARF, marginal noise", WIDTH, 2 * BATCH, marginal, ("contrast", {})),
    ):
        pretext = _core.Component(*task)
        yield (
            name,
            epoch_of(n_outputs, BATCH, augmentation=augmentation, pretext=pretext),
            epoch_of(n_outputs, batch),
        )


def main():
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=11)
    arguments = parser.parse_args()
    print(machine())
    for name, (task, n_steps), (plain, n_plain) in pairs():
        found = interleaved({"task": task, "plain": plain}, arguments.samples)
        own, other = (one.seconds * one.cpu_shares for one in (found["task"], found["plain"]))
        ratio = float(np.median((own / n_steps) / (other / n_plain)))
        print(f"{name:<24} {ratio:>6.2f}x  {1e3 * np.median(own) / n_steps:.2f} ms a step")


if __name__ == "__main__":
    main()
