"""Time JAX's steps: lax.scan over the steps of a slice in one jit, Adam written out.

    python benchmarks/cuda/jax_times.py [--quick]

Networks side by side are a vmap. Without a GPU the same code runs on the CPU, which tries the
script and gives no figures.
"""

import sys
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from clock import quick, seconds_of, slice_steps, step_times
from lines import write_line
from shapes import QUICK_SHAPES, SHAPES
from work import RATE, data_of, order_of, require_learning

ON_GPU = jax.default_backend() == "gpu"
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def start(shape, net):
    """Weights, both moments and the count of steps of one network."""
    keys = jax.random.split(jax.random.key(net), len(shape.widths) - 1)
    weights = []
    for key, (n_in, n_out) in zip(keys, pairwise(shape.widths), strict=True):
        bound = (6 / n_in) ** 0.5
        coefs = jax.random.uniform(key, (n_in, n_out), jnp.float32, -bound, bound)
        weights.append((coefs, jnp.zeros(n_out, jnp.float32)))
    means, squares = (jax.tree.map(jnp.zeros_like, weights) for _ in range(2))
    return weights, means, squares, jnp.zeros((), jnp.float32)


def loss_of(weights, X, y):
    *hidden, (coefs, intercepts) = weights
    values = X
    for inner, more in hidden:
        values = jax.nn.relu(values @ inner + more)
    return 0.5 * jnp.mean(jnp.square(values @ coefs + intercepts - y))


def slice_function(shape):
    """A compiled call: state, (n_steps, batch) rows of each net, X and y to state and losses."""

    def step(state, rows, X, y):
        weights, means, squares, count = state
        batch = (jnp.take(array, rows, axis=0, mode="clip") for array in (X, y))
        loss, gradient = jax.value_and_grad(loss_of)(weights, *batch)
        count = count + 1
        rate = RATE * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
        means = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, means, gradient)
        squares = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, squares, gradient)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, means, squares
        )
        return (weights, means, squares, count), loss

    def train(state, order, X, y):
        return jax.lax.scan(lambda now, rows: step(now, rows, X, y), state, order)

    several = jax.vmap(train, in_axes=(0, 0, None, None))
    return jax.jit(several if shape.n_nets > 1 else train, donate_argnums=0)


class Training:
    """Networks of a shape, and slices of steps of them.

    Parameters
    ----------
    shape : Shape
        What is trained.
    """

    def __init__(self, shape):
        self.shape = shape
        self.data = [jnp.asarray(array) for array in data_of(shape)]
        self.train = slice_function(shape)
        states = [start(shape, net) for net in range(shape.n_nets)]
        together = len(states) > 1
        self.state = jax.tree.map(lambda *all_: jnp.stack(all_), *states) if together else states[0]

    def plan(self, n_steps):
        """Take the rows of an epoch's first steps to the device: ([n_nets,] n_steps, batch)."""
        orders = [order_of(self.shape, n_steps, net) for net in range(self.shape.n_nets)]
        self.order = jnp.asarray(np.stack(orders) if len(orders) > 1 else orders[0], jnp.int32)

    def run_slice(self):
        self.state, losses = self.train(self.state, self.order, *self.data)
        self.losses = np.asarray(losses)


def time_shape(shape, few):
    training = Training(shape)
    training.plan(min(4, shape.steps_per_epoch))
    training.run_slice()
    n_planned = training.order.shape[-2]
    n_steps = slice_steps(shape, seconds_of(training.run_slice) / n_planned, few)
    training.plan(n_steps)
    training.run_slice()  # compiles for so many steps
    first = training.losses
    found = step_times(training.run_slice, n_steps, few)
    require_learning(first, training.losses)
    return found


def main(*options):
    few = quick(*options)
    where = "" if ON_GPU else " on the CPU"
    for precision, suffix in (("float32", ""), ("tensorfloat32", ", TF32"))[: 2 if ON_GPU else 1]:
        name = f"JAX {jax.__version__}{where}{suffix}"
        with jax.default_matmul_precision(precision):
            for shape in QUICK_SHAPES if few else SHAPES:
                try:
                    found = time_shape(shape, few)
                except (RuntimeError, AssertionError) as error:
                    found = {"error": str(error).partition("\n")[0]}
                write_line("time", contestant=name, shape=shape.name, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
