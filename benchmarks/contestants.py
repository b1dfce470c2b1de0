"""One trainer of the measured steps for each library: shuffling and gathering included."""

import numpy as np
from workloads import LEARNING_RATE

from deepgen import _core
from deepgen._engine.threads import worthwhile_threads


class EngineTraining:
    """deepgen's trainer: shuffling, gather and the end of an epoch included.

    Parameters
    ----------
    workload : Workload
        What to train.
    n_threads : int
        Threads of each call, at most: as for estimators, small steps take one.
    optimizer : deepgen._core.Component, default=Adam
        The rule.
    wrappers : sequence of deepgen._core.Component, default=()
        What stands around it.
    """

    def __init__(self, workload, n_threads, optimizer=None, wrappers=()):
        self.n_threads = n_threads
        self.network = _core.Network(workload.spec(), dtype=workload.dtype)
        self.trainer = _core.Trainer(
            self.network,
            optimizer=_core.Component("adam") if optimizer is None else optimizer,
            wrappers=wrappers,
            batch_size=workload.batch_size,
            shuffle=True,
            seed=0,
            augmentation=_core.Component(workload.augmentation),
            mixup=workload.mixup,
        )
        self.trainer.set_data(*(array.astype(self.network.dtype) for array in workload.data()))
        self.trainer.load(workload.parameters(self.network.layout))
        self.rates = np.full(workload.steps_per_epoch, LEARNING_RATE)
        self.n_epochs = 0

    def epoch(self):
        """Run the next epoch; return its mean loss."""
        self.trainer.begin_epoch(self.n_epochs)
        self.n_epochs += 1
        n_threads = worthwhile_threads(self.n_threads, self.trainer.step_work, len(self.rates))
        progress = self.trainer.run(self.rates, n_threads)
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
    n_threads : int
        Threads of the whole process from now on.
    """

    def __init__(self, workload, n_threads):
        import torch

        self.torch = torch
        torch.set_num_threads(n_threads)
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
            loss = 0.5 * ((self.network(self.X[rows]) - self.y[rows]) ** 2).sum(dim=1).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(batches)


class JaxTraining:
    """JAX at its best: a whole epoch compiled, its steps a scan, Adam written out.

    It takes its threads from the processors that the process may run on when it is imported.

    Parameters
    ----------
    workload : Workload
        What to train.
    n_threads : int
        Processors of the process, which is what JAX uses.
    """

    def __init__(self, workload, n_threads):
        import os

        import jax
        from jax import numpy as jnp

        assert n_threads == len(os.sched_getaffinity(0)) or n_threads == 1
        X, y = map(jnp.asarray, workload.data())
        shape = (workload.steps_per_epoch, workload.batch_size)

        def loss(layers, X, y):
            for number, (weights, bias) in enumerate(layers):
                X = X @ weights + bias
                if number < len(layers) - 1:
                    X = jax.nn.relu(X)
            return 0.5 * jnp.mean(jnp.sum((X - y) ** 2, axis=1))

        def step(state, rows):
            layers, first, second, count = state
            value, slopes = jax.value_and_grad(loss)(layers, X[rows], y[rows])
            count = count + 1
            rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            each = jax.tree_util.tree_map
            first = each(lambda m, g: 0.9 * m + 0.1 * g, first, slopes)
            second = each(lambda v, g: 0.999 * v + 0.001 * g * g, second, slopes)
            layers = each(
                lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-8), layers, first, second
            )
            return (layers, first, second, count), value

        @jax.jit
        def epoch(state, key):
            rows = jax.random.permutation(key, len(X)).reshape(shape)
            state, losses = jax.lax.scan(step, state, rows)
            return state, losses.mean()

        layers = [(jnp.asarray(w), jnp.zeros(w.shape[1], w.dtype)) for w in workload.coefs()]
        zeros = jax.tree_util.tree_map(jnp.zeros_like, layers)
        self.state = (layers, zeros, zeros, jnp.asarray(0.0, jnp.float32))
        self.run, self.key, self.split = epoch, jax.random.key(0), jax.random.split

    def epoch(self):
        """Run an epoch; return its mean loss."""
        self.key, key = self.split(self.key)
        self.state, loss = self.run(self.state, key)
        return float(loss)


class ScikitLearnTraining:
    """scikit-learn's MLPRegressor, an epoch a call of partial_fit; its BLAS is limited outside.

    Parameters
    ----------
    workload : Workload
        What to train.
    n_threads : int
        Threads of its BLAS.
    """

    def __init__(self, workload, n_threads):
        from sklearn.neural_network import MLPRegressor
        from threadpoolctl import threadpool_limits

        self.limits = lambda: threadpool_limits(n_threads)
        self.data = workload.data()
        if self.data[1].shape[1] == 1:
            self.data = (self.data[0], self.data[1].ravel())
        self.model = MLPRegressor(
            hidden_layer_sizes=workload.widths[1:-1],
            batch_size=workload.batch_size,
            learning_rate_init=LEARNING_RATE,
            alpha=0.0,
            random_state=0,
        )

    def epoch(self):
        """Run an epoch; return its mean loss."""
        with self.limits():
            self.model.partial_fit(*self.data)
        return self.model.loss_


PEERS = {"scikit-learn": ScikitLearnTraining, "PyTorch": TorchTraining, "JAX": JaxTraining}
