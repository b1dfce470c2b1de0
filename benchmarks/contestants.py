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
    shuffle : bool, default=True
        Whether each epoch has its own order of the rows.
    """

    def __init__(self, workload, n_threads, optimizer=None, wrappers=(), shuffle=True):
        self.n_threads = n_threads
        self.network = _core.Network(workload.spec(), dtype=workload.dtype)
        self.trainer = _core.Trainer(
            self.network,
            optimizer=_core.Component("adam") if optimizer is None else optimizer,
            wrappers=wrappers,
            batch_size=workload.batch_size,
            shuffle=shuffle,
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


class NumPyTraining:
    """A training loop in plain NumPy: float32, BLAS for the products, Adam on one flat vector.

    Parameters
    ----------
    workload : Workload
        What to train.
    n_threads : int
        Threads of NumPy's BLAS.
    """

    def __init__(self, workload, n_threads):
        from threadpoolctl import ThreadpoolController

        blas = ThreadpoolController().select(user_api="blas")
        self.limits = lambda: blas.limit(limits=n_threads)
        self.X, self.y = workload.data()
        self.batch_size = workload.batch_size
        coefs = workload.coefs()
        size = sum(weights.size + weights.shape[1] for weights in coefs)
        self.parameters, self.gradient, self.first, self.second = np.zeros((4, size), np.float32)
        self.layers = self.views(self.parameters, coefs)
        self.layer_gradients = self.views(self.gradient, coefs)
        for (weights, _), start in zip(self.layers, coefs, strict=True):
            weights[...] = start
        self.n_steps = 0
        self.rng = np.random.default_rng(0)

    @staticmethod
    def views(vector, coefs):
        """Weights and biases of each layer as views of one flat vector."""
        layers, offset = [], 0
        for start in coefs:
            inputs, units = start.shape
            stop = offset + inputs * units
            layers.append((vector[offset:stop].reshape(inputs, units), vector[stop : stop + units]))
            offset = stop + units
        return layers

    def step(self, rows):
        """Take a step of Adam on a batch; return its loss before the step."""
        outputs = [self.X[rows]]
        for weights, bias in self.layers[:-1]:
            hidden = outputs[-1] @ weights
            hidden += bias
            outputs.append(np.maximum(hidden, 0.0, out=hidden))
        weights, bias = self.layers[-1]
        slopes = outputs[-1] @ weights
        slopes += bias
        slopes -= self.y[rows]
        loss = 0.5 * np.vdot(slopes, slopes) / len(slopes)

        slopes /= len(slopes)
        for number in reversed(range(len(self.layers))):
            weight_gradient, bias_gradient = self.layer_gradients[number]
            np.matmul(outputs[number].T, slopes, out=weight_gradient)
            np.sum(slopes, axis=0, out=bias_gradient)
            if number > 0:
                slopes = slopes @ self.layers[number][0].T
                slopes *= outputs[number] > 0.0

        self.n_steps += 1
        rate = LEARNING_RATE * np.sqrt(1 - 0.999**self.n_steps) / (1 - 0.9**self.n_steps)
        self.first *= 0.9
        self.first += 0.1 * self.gradient
        np.square(self.gradient, out=self.gradient)
        self.gradient *= 0.001
        self.second *= 0.999
        self.second += self.gradient
        # The gradient is no longer needed: its memory takes the step.
        step = np.sqrt(self.second, out=self.gradient)
        step += 1e-8
        np.divide(self.first, step, out=step)
        step *= rate
        self.parameters -= step
        return loss

    def epoch(self):
        """Run an epoch; return its mean loss."""
        batches = self.rng.permutation(len(self.X)).reshape(-1, self.batch_size)
        with self.limits():
            return np.mean([self.step(rows) for rows in batches])


PEERS = {
    "scikit-learn": ScikitLearnTraining,
    "NumPy": NumPyTraining,
    "PyTorch": TorchTraining,
    "JAX": JaxTraining,
}
