"""The training steps that are measured, and one trainer of them for each library."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepgen import _core

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """Training of a ReLU network with squared error, Adam and float32.

    Parameters
    ----------
    widths : tuple of int
        Inputs, hidden units of each layer, outputs.
    batch_size : int
        Rows of a step.
    n_samples : int
        Rows of the table, a multiple of the batch size.
    target : float
        Fraction of the FMA peak that one thread must reach.
    """

    widths: tuple[int, ...]
    batch_size: int
    n_samples: int
    target: float

    @property
    def name(self):
        """The network and its batch, as tables show them."""
        return f"{'-'.join(map(str, self.widths))} batch {self.batch_size}"

    @property
    def steps_per_epoch(self):
        """Steps of one pass over the table."""
        return self.n_samples // self.batch_size

    @property
    def flops(self):
        """Floating-point operations of the products of one step.

        Forward 2 B sum(in out), the gradient of the weights the same, the gradient of the inputs
        the same without the first layer. Everything else (gather, loss, optimizer) counts as zero.
        """
        products = [before * after for before, after in pairwise(self.widths)]
        return 2 * self.batch_size * (3 * sum(products) - products[0])

    def data(self):
        """Standard normal inputs and a smooth target: X (n, inputs), y (n, outputs)."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_samples, self.widths[0]), dtype=np.float32)
        y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2] * X[:, 2:3]
        return X, y

    def coefs(self):
        """Starting weights, He's rule, in a list of arrays (in, out)."""
        rng = np.random.default_rng(1)
        return [
            (np.sqrt(2 / before) * rng.standard_normal((before, after))).astype(np.float32)
            for before, after in pairwise(self.widths)
        ]

    def spec(self):
        """The network as the engine wants it."""
        *hidden, outputs = self.widths[1:]
        layers = [_core.LayerSpec(width=width, activation="relu") for width in hidden]
        layers.append(_core.LayerSpec(width=outputs, activation="identity"))
        loss = _core.Component("squared_error")
        return _core.NetworkSpec(n_inputs=self.widths[0], layers=layers, loss=loss)

    def parameters(self, layout):
        """The starting weights as one flat vector; biases are zero."""
        blocks = {f"coefs_{number}": block.ravel() for number, block in enumerate(self.coefs())}
        return np.concatenate(
            [blocks.get(block.name, np.zeros(block.size, np.float32)) for block in layout]
        )


WORKLOADS = (
    Workload((64, 256, 256, 256, 1), batch_size=256, n_samples=8_192, target=0.75),
    Workload((16, 64, 64, 1), batch_size=32, n_samples=16_384, target=0.50),
)


class EngineTraining:
    """deepgen's trainer: shuffling, gather and the end of an epoch included.

    Parameters
    ----------
    workload : Workload
        What to train.
    n_threads : int
        Threads of each call.
    """

    def __init__(self, workload, n_threads):
        self.n_threads = n_threads
        self.network = _core.Network(workload.spec(), dtype="float32")
        self.trainer = _core.Trainer(
            self.network,
            optimizer=_core.Component("adam"),
            batch_size=workload.batch_size,
            shuffle=True,
            seed=0,
        )
        self.trainer.set_data(*workload.data())
        self.trainer.load(workload.parameters(self.network.layout))
        self.rates = np.full(workload.steps_per_epoch, LEARNING_RATE)
        self.n_epochs = 0

    def epoch(self):
        """Run the next epoch; return its mean loss."""
        self.trainer.begin_epoch(self.n_epochs)
        self.n_epochs += 1
        progress = self.trainer.run(self.rates, self.n_threads)
        return progress.loss / progress.n_rows


class TwinTraining:
    """The reference implementation in NumPy and float64: the same shuffles, the same rule.

    Parameters
    ----------
    workload : Workload
        What to train.
    """

    def __init__(self, workload):
        from reference.network import Component, LayerSpec, NetworkSpec, layout
        from reference.trainer import Trainer

        *hidden, outputs = workload.widths[1:]
        layers = [LayerSpec(width) for width in hidden] + [LayerSpec(outputs, "identity")]
        spec = NetworkSpec(workload.widths[0], layers, Component("squared_error"))
        self.trainer = Trainer(
            spec, optimizer=Component("adam"), batch_size=workload.batch_size, seed=0
        )
        self.data = [array.astype(np.float64) for array in workload.data()]
        self.parameters = workload.parameters(layout(spec)).astype(np.float64)
        self.rates = np.full(workload.steps_per_epoch, LEARNING_RATE)
        self.n_epochs = 0

    def epoch(self):
        """Run the next epoch; return its mean loss."""
        self.parameters, progress = self.trainer.epoch(
            self.parameters, *self.data, epoch=self.n_epochs, rates=self.rates
        )
        self.n_epochs += 1
        return progress.loss / progress.n_rows


class TorchTraining:
    """PyTorch's usual loop with its fused Adam, rows gathered by index.

    Parameters
    ----------
    workload : Workload
        What to train.
    """

    def __init__(self, workload):
        import torch

        self.torch = torch
        self.workload = workload
        self.X, self.y = map(torch.from_numpy, workload.data())
        layers = []
        for weight in workload.coefs():
            layer = torch.nn.Linear(*weight.shape)
            layer.weight.data = torch.from_numpy(np.ascontiguousarray(weight.T))
            layer.bias.data.zero_()
            layers += [layer, torch.nn.ReLU()]
        self.network = torch.nn.Sequential(*layers[:-1])
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, fused=True)

    def epoch(self):
        """Run an epoch; return its mean loss."""
        batches = self.torch.randperm(len(self.X)).split(self.workload.batch_size)
        total = 0.0
        for rows in batches:
            loss = 0.5 * ((self.network(self.X[rows]) - self.y[rows]) ** 2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(batches)
