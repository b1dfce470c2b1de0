"""Summaries: a line about a fit, with its score compared to simple predictions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import AnyArray
from deepgen.estimators.held_out import held_out_rows
from deepgen.losses import AbsoluteError, Quantile
from deepgen.tabular.mean_by_row import Part, mean_by_row
from deepgen.tabular.samples import Samples

__all__ = ["describe_encoder", "describe_network", "describe_plan", "summarize"]

# Names of kinds of columns, singular and plural.
KINDS = (
    ("number", "number", "numbers"),
    ("category", "category", "categories"),
    ("date", "date", "dates"),
    ("dropped", "empty or constant", "empty or constant"),
)
# Largest number of rows for the linear model, which must be cheap compared with the networks.
LINEAR_ROWS = 4_000
# Largest number of held-out rows per network that are measured: their mean errs by about 1 %.
MEASURED_ROWS = 10_000
# Lower bound of probabilities, so that a single row does not dominate a mean.
LEAST = 1e-6


def summarize(model: Any, samples: Samples, validation: Samples, seconds: float) -> str:
    """Describe a fit in one line: data, networks, duration and score.

    Parameters
    ----------
    model : BaseTabular
        Fitted estimator.
    samples, validation : Samples
        Training samples, and validation samples if the user gave them.
    seconds : float
        Seconds of the fit.

    Returns
    -------
    summary : str
        Rows, columns, networks, epochs, seconds; the score of held-out rows for the networks, for a
        constant and for a linear model. Each network is scored on rows outside of its training
        rows, by which its epoch was chosen.
    """
    mlps = model.mlp_.members_
    count = f"{len(mlps)} nets" if len(mlps) > 1 else "1 net"
    parts = [
        f"{model.plan_.n_rows:,} rows, {describe_encoder(model.encoder_)}",
        f"{count}, {_epochs(mlps)} of {model.plan_.n_epochs:,} epochs, {_seconds(seconds)}",
    ]
    measured = _measured(model, samples, validation)
    return "; ".join(parts + ([measured] if measured else []))


def _epochs(mlps: list[Any]) -> str:
    """Return the range of the epochs whose weights were kept, over the networks."""
    kept = []
    for mlp in mlps:
        scores = mlp.history_["val_score"] if mlp.early_stopping else np.zeros(0)
        known = np.isfinite(scores).any()
        kept.append(int(np.nanargmax(scores)) + 1 if known else mlp.n_iter_)
    low, high = min(kept), max(kept)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def describe_encoder(encoder: Any) -> str:
    """Describe the columns of an encoder in a few words.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted encoder.

    Returns
    -------
    text : str
        Text such as "3 columns: 2 numbers, 1 date".
    """
    kinds = Counter(column.kind for column in encoder.columns_)
    kinds["category"] += kinds.pop("code", 0)
    kinds["dropped"] = len(encoder.dropped_columns_)
    parts = [
        f"{kinds[kind]:,} {one if kinds[kind] == 1 else several}"
        for kind, one, several in KINDS
        if kinds[kind]
    ]
    return f"{encoder.n_features_in_:,} columns: {', '.join(parts)}"


def describe_network(mlp: Any) -> str:
    """Describe the network of an MLP in a few words.

    Parameters
    ----------
    mlp : MLPRegressor or MLPClassifier
        Fitted MLP.

    Returns
    -------
    text : str
        Text such as "5 x 8-128-128-1, mish, 17,793 parameters each".
    """
    members = mlp.members_
    network = members[0].network_
    spec = network.core.spec
    widths = "-".join(str(n) for n in [spec.n_inputs, *(layer.width for layer in spec.layers)])
    count, each = (f"{len(members)} x ", " each") if len(members) > 1 else ("", "")
    return f"{count}{widths}, {mlp.activation}, {network.core.n_trainable:,} parameters{each}"


def describe_plan(plan: Any) -> str:
    """Describe the training of a network in a few words.

    Parameters
    ----------
    plan : Plan
        Settings of the network.

    Returns
    -------
    text : str
        Preset, epochs, batches and learning rate.
    """
    network = plan.network
    return (
        f"preset {plan.preset!r}, {plan.n_epochs:,} epochs in batches of {network['batch_size']}, "
        f"rate {network['learning_rate_init']:.3g} by {network['learning_rate']!r}"
    )


def _measured(model: Any, samples: Samples, validation: Samples) -> str:
    """Return the scores of networks, a constant and a linear model on held-out rows."""
    is_class = hasattr(model, "classes_")
    if hasattr(samples.y, "tocoo"):  # several labels per row, as a sparse matrix
        return ""
    y = np.asarray(samples.y)
    if y.ndim > 1 and (is_class or y.shape[1] > 1):
        return ""
    samples = samples._replace(y=y.ravel())
    # Held-out rows per network: its own rows, drawn again from its seed, or the user's rows for all
    # networks together.
    splits = []
    everything = np.arange(len(samples.X))
    for mlp in model.mlp_.members_:
        rows = None
        if validation.X is None:
            rows = held_out_rows(mlp, samples.X, samples.y, samples.weights)
            if rows is None:
                return ""
        splits.append((mlp, rows))
    if validation.X is not None:
        held_out, splits = validation, [(model.mlp_, None)]
    else:
        held_out = samples
    measure = _Classes(model) if is_class else _Numbers(model)
    y, truth = measure.read(samples.y), measure.read(held_out.y)
    weights = None if samples.weights is None else np.asarray(samples.weights, dtype=float)
    chosen = [
        _some(np.arange(len(truth)) if rows is None else rows, MEASURED_ROWS) for _, rows in splits
    ]
    # A row that several networks held out gets the mean of their predictions. The baselines are
    # fitted on each network's training rows, so that they are compared on equal terms.
    parts: dict[str, list[Part]] = {}
    for (mlp, rows), own in zip(splits, chosen, strict=True):
        training = everything if rows is None else np.delete(everything, rows)
        if weights is not None:
            training = training[weights[training] > 0]
        predicted = measure.predictions(mlp, samples.X, y, training, held_out.X[own])
        for name, predictions in predicted.items():
            parts.setdefault(name, []).append(Part(own, predictions))
    # Without positive weights there is no score.
    given = None if held_out.weights is None else np.asarray(held_out.weights, dtype=float)
    texts = []
    for name, own_parts in parts.items():
        mean = mean_by_row(own_parts)
        of_rows = None if given is None else given[mean.rows]
        if of_rows is None or of_rows.any():
            text = measure.of(truth[mean.rows], mean.predictions, of_rows)
            texts.append(text if name == "network" else f"{name} {text}")
    return f"held-out {measure.name} {', '.join(texts)}" if texts else ""


def _some(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return all rows if they are few, else evenly spaced ones."""
    return rows[:: -(-len(rows) // most)]


class _Numbers:
    """Measures of predicted numbers."""

    def __init__(self, model: Any) -> None:
        loss = model.mlp_.members_[0]._targets.loss
        self.levels = np.atleast_1d(loss.quantile) if isinstance(loss, Quantile) else None
        self.is_absolute = isinstance(loss, AbsoluteError)
        self.name = "RMSE"
        if self.levels is not None:
            self.name = "pinball loss"
        elif self.is_absolute:
            self.name = "mean absolute error"

    def read(self, y: Any) -> AnyArray:
        return np.asarray(y, dtype=float).ravel()

    def predictions(
        self, mlp: Any, X: AnyArray, y: AnyArray, rows: NDArray[np.int64], X_new: AnyArray
    ) -> dict[str, AnyArray]:
        """Return predictions (n_new,) or (n_new, n_levels) by predictor."""
        if self.levels is not None:
            constant = np.quantile(y[rows], self.levels)
            network = mlp.predict(X_new).reshape(len(X_new), -1)
            return {"network": network, "constant": np.tile(constant, (len(X_new), 1))}
        middle = np.median(y[rows]) if self.is_absolute else np.mean(y[rows])
        predictions = {"network": mlp.predict(X_new), "constant": np.full(len(X_new), middle)}
        if len(rows) > 2:
            from sklearn.linear_model import Ridge

            some = _some(rows, LINEAR_ROWS)
            ridge = Ridge().fit(X[some].astype(np.float64), y[some])
            predictions["ridge"] = ridge.predict(X_new.astype(np.float64))
        return predictions

    def of(self, y: AnyArray, predictions: AnyArray, weights: AnyArray | None) -> str:
        if self.levels is not None:
            gap = y[:, None] - predictions
            losses = np.maximum(self.levels * gap, (self.levels - 1) * gap).mean(axis=1)
            return _number(float(np.average(losses, weights=weights)))
        if self.is_absolute:
            return _number(float(np.average(np.abs(y - predictions), weights=weights)))
        return _number(float(np.sqrt(np.average((y - predictions) ** 2, weights=weights))))


class _Classes:
    """Measures of predicted probabilities."""

    name = "accuracy and log loss"

    def __init__(self, model: Any) -> None:
        self.classes = model.classes_

    def read(self, y: Any) -> AnyArray:
        return np.searchsorted(self.classes, np.asarray(y).ravel())

    def predictions(
        self, mlp: Any, X: AnyArray, y: AnyArray, rows: NDArray[np.int64], X_new: AnyArray
    ) -> dict[str, AnyArray]:
        """Return probabilities (n_new, n_classes) by predictor."""
        n_classes = len(self.classes)
        shares = np.bincount(y[rows], minlength=n_classes) / len(rows)
        predictions = {
            "network": mlp.predict_proba(X_new),
            "constant": np.tile(shares, (len(X_new), 1)),
        }
        some = _some(rows, LINEAR_ROWS)
        seen = np.unique(y[some])
        if len(seen) > 1:
            from sklearn.linear_model import LogisticRegression

            linear = LogisticRegression(max_iter=30, tol=1e-2)
            linear.fit(X[some], y[some])
            probabilities = np.zeros((len(X_new), n_classes))
            probabilities[:, seen] = linear.predict_proba(X_new)
            predictions["logistic regression"] = probabilities
        return predictions

    def of(self, y: AnyArray, predictions: AnyArray, weights: AnyArray | None) -> str:
        right = predictions.argmax(axis=1) == y
        likely = np.clip(predictions[np.arange(len(y)), y], LEAST, 1.0)
        accuracy = np.average(right, weights=weights)
        loss = np.average(-np.log(likely), weights=weights)
        return f"{accuracy:.3f} and {loss:.3f}"


def _number(value: float) -> str:
    """Format a number with three digits, and commas if it is large."""
    if not np.isfinite(value) or abs(value) >= 1e15 or 0 < abs(value) < 1e-3:
        return f"{value:.3g}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"
