"""What the model is and what it was trained on."""

from __future__ import annotations

import re
from typing import Any

from deepgen._engine.version import VERSION
from deepgen._names import shortened
from deepgen.report.judged import Judged
from deepgen.report.section import Section
from deepgen.tabular.summary import describe_network

__all__ = ["about_model"]

MOST_CLASSES = 20
"""Largest number of classes that are listed."""


def about_model(judged: Judged) -> Section:
    """Describe the model: estimator, settings, network, training.

    Parameters
    ----------
    judged : Judged
        Model and rows.

    Returns
    -------
    section : Section
        Text only.
    """
    model, members = judged.model, judged.members
    mlp = judged.measured[0]
    settings = re.sub(r"\s+", " ", repr(model).split("\n  encoder ")[0])
    points = [
        f"Settings that differ from the defaults: {settings}.",
        f"Network: {describe_network(mlp)}"
        f"{'; predictions are the mean of all' if len(members) > 1 else ''}.",
        _training(judged),
        f"Loss of the training: {type(members[0]._targets.loss).__name__}. {_predicts(judged)}",
        f"Made with deepgen {VERSION}.",
    ]
    return Section("The model", [], points=[point for point in points if point])


def _training(judged: Judged) -> str:
    mlp = judged.members[0]
    last = judged.model.steps[-1][1] if hasattr(judged.model, "steps") else judged.model
    if getattr(last, "summary_", None):
        return f"Training: {last.summary_}."
    if not mlp.t_ or not mlp.n_iter_:
        return "Training: none, the weights were given."
    held = f" besides {mlp.validation_fraction!r} held out" if mlp.early_stopping else ""
    return (
        f"Training: {mlp.n_iter_:,} epochs of {round(mlp.t_ / mlp.n_iter_):,} rows{held}"
        f"{'; the number is that of the first network' if len(judged.members) > 1 else ''}."
    )


def _predicts(judged: Judged) -> str:
    classes: Any = judged.classes
    if classes is None:
        n_outputs = judged.predictions.reshape(judged.n_rows, -1).shape[1]
        return f"It predicts {'a number' if n_outputs == 1 else f'{n_outputs} numbers'} per row."
    names = shortened([str(name) for name in classes], MOST_CLASSES)
    return f"It knows {len(classes)} class{'es' if len(classes) > 1 else ''}: {names}."
