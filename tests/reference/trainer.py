"""An epoch of training, batch after batch.

    order     the epoch's shuffle of the rows, or the rows as they stand
    rows      changed by the augmentation, then mixed with partners of the batch
    batches   consecutive pieces of the order; the last one may be short. Under batch norm a last
              batch of one row joins the one before, because one row has no variance
    step      gradient of the batch's loss (masks of units and branches keyed by positions in the
              order), running statistics of the batch norms, the optimizer's rule
    views     a pretext task may ask for each row twice in a batch: unchanged, then changed
    rate      of the step, times the factor of the number's role
    no step   when the weights of a batch sum to 0; it uses up no learning rate either

Sources: H. Robbins, S. Monro 1951; L. Bottou, F. Curtis, J. Nocedal, "Optimization methods for
large-scale machine learning", 2018, algorithm 4.1.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from . import mixup, network
from .augmentations import AUGMENTATIONS
from .network import Component
from .normalizations import updated_statistics
from .pretexts import PRETEXTS
from .random import branch_mask, dropout_mask, order
from .solvers import OPTIMIZERS
from .wrappers import WRAPPERS, Innermost

UNCHANGED = Component("none")


@dataclass
class Progress:
    """Sums over the steps of an epoch: rows, batch loss times rows, gradient norms."""

    n_steps: int = 0
    n_rows: int = 0
    loss: float = 0.0
    gradient_norm: float = 0.0


def rate_factors_of(spec, factors):
    """What the rate of each trainable number is multiplied by, by the role of its block."""
    numbers = np.ones(network.n_trainable(spec))
    for block in network.layout(spec):
        role = block.name.rsplit("_", 1)[0].removeprefix("gate_")
        if block.in_front:
            role = "input_scale" if block.name == "input_scale" else "embedding"
        factor = factors.get(role, 1.0)
        if block.name in ("coefs_0", "gate_coefs_0"):
            factor = factors.get("first_coefs", factor)
        if block.trainable:
            numbers[block.offset : block.offset + block.size] = factor
    return numbers


class Trainer:
    def __init__(
        self,
        spec,
        *,
        optimizer,
        wrappers=(),
        alpha=0.0,
        batch_size,
        shuffle=True,
        seed=0,
        augmentation=UNCHANGED,
        mixup=0.0,
        rate_factors=None,
        pretext=None,
    ):
        self.spec = spec
        self.rate_factors = rate_factors_of(spec, rate_factors) if rate_factors else 1.0
        rule = OPTIMIZERS[optimizer.name](network.n_trainable(spec), **optimizer.settings)
        self.innermost = self.optimizer = Innermost(rule)
        self.n_measured = 1
        for wrapper in wrappers:
            self.optimizer = WRAPPERS[wrapper.name](self.optimizer, **wrapper.settings)
            self.optimizer.spec, self.optimizer.seed = spec, seed
            self.n_measured *= self.optimizer.n_measured
        self.alpha = alpha
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.augmentation = augmentation
        self.mixup = mixup
        self.pretext = pretext

    def batches(self, n):
        """Pairs (start, stop) of positions in the epoch's order."""
        edges = list(range(0, n, self.batch_size)) + [n]
        normed = any(layer.normalization.name == "batch" for layer in self.spec.layers)
        couples = self.pretext is not None and self.pretext.name == "contrast"
        if (normed or couples) and len(edges) > 2 and edges[-1] - edges[-2] == 1:
            del edges[-2]
        return list(zip(edges[:-1], edges[1:], strict=True))

    def masks(self, epoch, positions, dropout=None):
        """Of each layer; ``dropout`` stands for that of layers that drop units."""
        masks = []
        for l, layer in enumerate(self.spec.layers):
            mask = None
            if layer.dropout > 0.0:
                probability = layer.dropout if dropout is None else dropout
                mask = dropout_mask(self.seed, epoch, l, positions, layer.width, probability)
            if layer.branch_drop > 0.0:
                rows = branch_mask(self.seed, epoch, l, positions, layer.branch_drop)
                mask = rows if mask is None else mask * rows
            masks.append(mask)
        return masks

    def epoch(self, parameters, X, y, weights=None, *, rows=None, epoch=0, rates, moving=()):
        """Parameters after the epoch, and its Progress.

        ``rates`` has one entry for each step, and so has each of ``moving``, a dict of dropout and
        weight_decay.
        """
        csr = sparse.issparse(X)
        X = X.toarray() if csr else X
        rows = np.arange(len(X)) if rows is None else rows
        weights = np.ones(len(X)) if weights is None else weights
        change = AUGMENTATIONS[self.augmentation.name](
            X[rows], weights[rows], csr=csr, **self.augmentation.settings
        )
        samples = rows
        if self.shuffle:
            rows = rows[order(self.seed, epoch, len(rows))]
        task, n_views = None, 1
        if self.pretext is not None:
            kind = PRETEXTS[self.pretext.name]
            task, n_views = (
                kind(X[samples], weights[samples], **self.pretext.settings),
                kind.n_views,
            )
            y = X
        edges = self.batches(len(rows))
        rows = np.concatenate([np.tile(rows[start:stop], n_views) for start, stop in edges])
        X, y, weights = X[rows], y[rows], weights[rows]
        unchanged, X = X, change.epoch(self.seed, epoch, X, weights)
        progress = Progress()
        rates, moving = iter(rates), {name: iter(moving[name]) for name in moving}
        for number, (start, stop) in enumerate(edges):
            start, stop = n_views * start, n_views * stop
            batch = slice(start, stop)
            if n_views > 1:
                first = slice(start, (start + stop) // 2)
                X[first] = unchanged[first]
            if weights[batch].sum() == 0.0:
                continue
            sides = [(1.0, np.arange(stop - start))]
            if self.mixup > 0.0:
                sides = mixup.sides(self.mixup, self.seed, epoch, number, weights[batch])
            now = {name: next(values) for name, values in moving.items()}
            if "weight_decay" in now:
                self.innermost.rule.settings["weight_decay"] = now["weight_decay"]
            parameters, loss, norm = self.step(
                parameters,
                X[batch],
                y[batch],
                weights[batch],
                sides,
                self.masks(epoch, range(start, stop), now.get("dropout")),
                next(rates),
                task,
            )
            progress.n_steps += 1
            progress.n_rows += stop - start
            progress.loss += loss * (stop - start)
            progress.gradient_norm += norm
        return parameters, progress

    def of_task(self, task, at, trace, X, y, weights):
        """Loss and trainable gradient of a pretext task, with L2."""
        spec, n = self.spec, network.n_trainable(self.spec)
        loss, gradients = task.value_and_gradient(trace[-1].outputs, y, X, weights)
        penalty = self.alpha * task.n_views / weights.sum()
        is_weight = network.is_weight(spec)
        gradient = network.gradient_from_outputs(spec, at, trace, gradients)
        gradient = gradient + np.where(is_weight, penalty * at, 0.0)
        return loss + 0.5 * penalty * (at[is_weight] ** 2).sum(), gradient[:n]

    def step(self, parameters, X, y, weights, sides, masks, rate, task=None):
        """Parameters after a step on one batch; loss and gradient norm before it.

        ``sides`` are shares with the rows that they fall on: every row's own, under mixup also its
        partner's. Features are mixed before the pass, losses after it. For a pretext ``task``, y
        are the rows as they were.
        """
        spec = self.spec
        X = sum(share * X[rows] for share, rows in sides)
        n = network.n_trainable(spec)

        def evaluate(trainable):
            at = np.concatenate([trainable, parameters[n:]])
            trace = network.forward(spec, at, X, training=True, masks=masks)
            z, loss, gradient = trace[-1].outputs, 0.0, 0.0
            if task is not None:
                return trace, at, *self.of_task(task, at, trace, X, y, weights)
            for share, rows in sides:
                side = y[rows], weights[rows], self.alpha
                loss += share * network.loss_of_outputs(spec, parameters, z, *side)
                gradient += share * network.gradient_of_trace(spec, at, trace, *side)
            return trace, at, loss, gradient[:n]

        evaluations = []

        def gradient_at(trainable):
            evaluations.append(evaluate(trainable))
            return evaluations[-1][-1].copy()

        def look():
            """Where the last evaluation was: K-FAC's statistics are those of its gradient."""
            trace, at = evaluations[-1][0], evaluations[-1][1]
            z = trace[-1].outputs
            mixed = sum(share * weights[rows] for share, rows in sides)
            gradients = sum(
                share * weights[rows, None] * network.loss_gradients(spec, z, y[rows])
                for share, rows in sides
            )
            self.innermost.rule.look(spec, at, trace, mixed, gradients, self.seed)

        if hasattr(self.innermost.rule, "look"):
            self.innermost.look = look
        after = parameters.copy()
        after[:n] = self.optimizer.step(
            parameters[:n], gradient_at, rate * self.rate_factors, network.is_weight(spec)[:n]
        )
        trace = evaluations[0][0]
        _, _, losses, gradients = zip(*evaluations[: self.n_measured], strict=True)
        loss, gradient = np.mean(losses), np.mean(gradients, axis=0)
        blocks = network.split(spec, after)
        for l, layer in enumerate(spec.layers):
            if layer.normalization.name == "batch":
                momentum = network.settings_of(layer.normalization)["momentum"]
                mean, variance = blocks[f"mean_{l}"], blocks[f"variance_{l}"]
                mean[...], variance[...] = updated_statistics(trace[l].z, mean, variance, momentum)
        return after, loss, np.linalg.norm(gradient)
