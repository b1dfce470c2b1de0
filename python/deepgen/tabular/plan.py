"""Plans: the parameters of encoder and MLP that a preset gives for a table of some size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np

from deepgen._component import Component
from deepgen._names import hint
from deepgen.averaging import EMA
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.losses import LogLoss
from deepgen.optimizers import Adam
from deepgen.preprocessing import TableEncoder
from deepgen.schedules import Scaled
from deepgen.tabular.presets import PRESETS, ROWS, Recipe
from deepgen.tabular.samples import Samples

__all__ = ["MLPS", "Plan", "make_plan"]

MLPS: dict[str, Any] = {"regression": MLPRegressor, "classification": MLPClassifier}
"""Task to the MLP that learns it."""

# Of fewer rows none are set aside.
FEWEST_ROWS = 10
AUTO_BATCH = 200
# What a plan adds to ``max_time`` for what it does not time.
HEADROOM = 1.2


@dataclass(frozen=True)
class Plan:
    """What a preset comes to for one table.

    Parameters
    ----------
    preset : str
        Its name.
    task : {'regression', 'classification'}
        Numbers or classes.
    n_rows : int
        Rows that it is made for, those set aside included.
    encoder : dict
        Parameters of `TableEncoder`.
    network : dict
        Parameters of `MLPRegressor` or `MLPClassifier`.

    Examples
    --------
    >>> from deepgen.tabular.plan import make_plan
    >>> make_plan("fast", "regression", n_rows=100).network["max_iter"]
    64
    """

    preset: str
    task: str
    n_rows: int
    encoder: dict[str, Any]
    network: dict[str, Any]

    @property
    def n_members(self) -> int:
        """Networks that are trained."""
        return int(self.network["n_members"])

    @property
    def n_epochs(self) -> int:
        """Epochs that the schedule of each is made for."""
        return int(self.network["max_iter"])

    def make_encoder(self) -> TableEncoder:
        """Return the encoder that is planned.

        Returns
        -------
        encoder : TableEncoder
            Not fitted.
        """
        return TableEncoder(**self.encoder)

    def make_network(self, **changes: Any) -> Any:
        """Return the MLP that is planned.

        Parameters
        ----------
        **changes : dict
            Parameters that differ.

        Returns
        -------
        mlp : MLPRegressor or MLPClassifier
            Not fitted.
        """
        return MLPS[self.task](**{**self.network, **changes})

    def on(self, encoder: TableEncoder) -> Plan:
        """Return the plan for the features that an encoder makes.

        Parameters
        ----------
        encoder : TableEncoder
            Fitted.

        Returns
        -------
        plan : Plan
            Embeddings that leave their features open stand on the plain numbers, those of
            categories on the codes; where there are none, there is no embedding.
        """
        changes: dict[str, Any] = {}
        for name, value in self.network.items():
            if isinstance(value, Component) and getattr(value, "features", "") is None:
                codes = name.startswith("categor")
                found = encoder.category_features_ if codes else encoder.number_features_
                fields = {"features": found.tolist()}
                changes[name] = replace(value, **fields) if len(found) else None
        return self.with_network(**changes) if changes else self

    def train(
        self,
        samples: Samples,
        validation: Samples,
        watch: Callable[[], None] | None = None,
        **changes: Any,
    ) -> Any:
        """Train the MLP that is planned.

        Parameters
        ----------
        samples, validation : Samples
            To train on, and to validate on where they are the user's own.
        watch : callable, default=None
            Called after each epoch of each network.
        **changes : dict
            Parameters that differ.

        Returns
        -------
        mlp : MLPRegressor or MLPClassifier
            Fitted.
        """
        mlp = self.make_network(**changes)
        if watch is not None:
            mlp._watch = watch
        try:
            mlp.fit(*samples, **validation.as_validation())
        finally:
            vars(mlp).pop("_watch", None)
        return mlp

    def within(self, seconds: float, seconds_per_epoch: float) -> Plan:
        """Return the plan for what time there is.

        Parameters
        ----------
        seconds : float
            That are left.
        seconds_per_epoch : float
            That one network takes.

        Returns
        -------
        plan : Plan
            Networks of the full schedule as far as they fit in one after another; where not even
            one does, one of a schedule that ends in time.
        """
        epoch = seconds_per_epoch * HEADROOM
        n_members = int(seconds / (epoch * self.n_epochs))
        if n_members >= 1:
            return self.with_network(n_members=min(n_members, self.n_members))
        return self.with_network(n_members=1, max_iter=max(int(seconds / epoch), 1))

    def with_network(self, **changes: Any) -> Plan:
        """Return the plan with other parameters of the MLP.

        Parameters
        ----------
        **changes : dict
            Parameters that differ.

        Returns
        -------
        plan : Plan
            A copy.
        """
        return replace(self, network={**self.network, **changes})


def make_plan(
    preset: str,
    task: str,
    *,
    n_rows: int,
    parameters: Mapping[str, Any] | None = None,
    network: Mapping[str, Any] | None = None,
    categorical_features: Any = "from_dtype",
    recipe: Recipe | None = None,
) -> Plan:
    """Plan encoder and MLP for a table.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}
        Which recipe.
    task : {'regression', 'classification'}
        Numbers or classes.
    n_rows : int
        Rows of the table, those set aside included.
    parameters : mapping, default=None
        The estimator's own parameters that the MLP has too; None of those in
        ``n_members`` and ``scoring`` is the preset's.
    network : mapping, default=None
        Parameters of the MLP that win over the preset. Learning rate and weight decay follow the
        hidden layers given here.
    categorical_features : array-like, str or None, default='from_dtype'
        As `TableEncoder` takes them.
    recipe : Recipe, default=None
        In place of the preset's, to try settings that are in none.

    Returns
    -------
    plan : Plan
        Settings and nothing else.

    Raises
    ------
    ValueError
        If ``network`` holds what is no parameter of the MLP, or one of the estimator itself.

    Examples
    --------
    >>> from deepgen.tabular.plan import make_plan
    >>> make_plan("balanced", "classification", n_rows=500).network["hidden_layer_sizes"]
    (128, 128, 128)
    """
    recipe, own = recipe or PRESETS[preset][task], dict(parameters or {})
    network = _checked(network, task, own)
    settings = {name: _at(n_rows, values) for name, values in recipe.by_rows.items()}
    encoder: dict[str, Any] = {**recipe.encoder}
    for name in signature(TableEncoder).parameters:
        if name in settings:
            encoder[name] = settings.pop(name)
    if not isinstance(categorical_features, str | None):
        # Plain data, which a file can hold.
        categorical_features = np.asarray(categorical_features).tolist()
    encoder["categorical_features"] = categorical_features
    hidden = (settings.pop("width"),) * settings.pop("n_hidden")
    if own.get("early_stopping", True) and n_rows < FEWEST_ROWS:
        own["early_stopping"] = False
    given = {
        name: value
        for name, value in own.items()
        if value is not None or name not in ("n_members", "scoring")
    }
    if own.get("class_weight") is not None and own.get("scoring") is None:
        # Scores know no class weights, and would keep an epoch that they speak against.
        given["scoring"] = "loss"
    mlp = {"hidden_layer_sizes": hidden, **recipe.network, **settings, **given, **network}
    mlp |= {name: value for name, value in _by_width(recipe, mlp).items() if name not in network}
    if "batch_size" not in network and isinstance(mlp["batch_size"], int):
        mlp["batch_size"] = max(min(mlp["batch_size"], n_rows // 2), 1)
    if recipe.averaged_epochs and isinstance(mlp["solver"], Adam):
        mlp = {"averaging": _average(recipe.averaged_epochs, n_rows, mlp["batch_size"]), **mlp}
    if mlp.get("loss") == "log_loss" and recipe.label_smoothing:
        mlp["loss"] = LogLoss(label_smoothing=recipe.label_smoothing)
    return Plan(preset, task, n_rows, encoder, mlp)


def _by_width(recipe: Recipe, mlp: Mapping[str, Any]) -> dict[str, Any]:
    """Return learning rate and solver: what follows from the width of the hidden layers."""
    widths = np.atleast_1d(np.asarray(mlp["hidden_layer_sizes"], dtype=float))
    root = 1.0 if mlp.get("parametrization") == "ntk" else float(np.sqrt(max([1.0, *widths])))
    rate = round(recipe.learning_rate / root, 10)
    solver = mlp["solver"]
    if isinstance(solver, Adam) and recipe.decay is not None:
        # A step takes rate times decay: the same share of a weight whatever the rate.
        decay = recipe.decay
        if isinstance(decay, Scaled):
            solver = replace(solver, weight_decay=Scaled(decay.schedule, decay.peak * root))
        else:
            solver = replace(solver, weight_decay=round(decay * root, 10))
    return {"learning_rate_init": rate, "solver": solver}


def _average(n_epochs: float, n_rows: int, batch_size: Any) -> EMA | None:
    """Return the average over the last epochs' weights; None where they have a step or less."""
    n_steps = n_epochs * n_rows / (batch_size if isinstance(batch_size, int) else AUTO_BATCH)
    return EMA(round(1 - 1 / n_steps, 4)) if n_steps > 1 else None


def _checked(network: Any, task: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that win over the preset, if they can.

    Raises
    ------
    ValueError
        If one is unknown to the MLP, or is a parameter of the estimator itself.
    """
    given: dict[str, Any] = dict(network or {})
    kind = MLPS[task]
    known = set(signature(kind).parameters)
    for name in given:
        if name in own or name == "max_time":
            raise ValueError(
                f"network={{{name!r}: ...}}: {name} is a parameter of the estimator itself, set it "
                "there"
            )
        if name == "warm_start":
            raise ValueError(
                "network={'warm_start': ...}: fit begins afresh; partial_fit goes on where it ended"
            )
        if name not in known:
            raise ValueError(
                f"network={{{name!r}: ...}}: {kind.__name__} has no parameter {name!r}."
                f"{hint(name, known)}"
            )
    return given


def _at(n_rows: int, values: tuple[Any, ...]) -> Any:
    """Return a setting for a number of rows from those at `ROWS`."""
    if len(set(values)) == 1:
        return values[0]
    place = np.log(np.clip(n_rows, ROWS[0], ROWS[-1]))
    places = np.log(ROWS)
    if not all(isinstance(value, int | float) and value > 0 for value in values):
        return values[int(np.argmin(abs(places - place)))]
    exact = float(np.exp(np.interp(place, places, np.log(values))))
    if not all(isinstance(value, int) for value in values):
        return exact
    # Powers of two stay powers of two.
    if all(value & (value - 1) == 0 for value in values):
        return int(2 ** round(np.log2(exact)))
    return max(round(exact), 1)
