"""Plans: parameters of encoder and MLP that a preset gives for a table's size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np

from deepgen._component import Component, resolve
from deepgen._names import hint
from deepgen._user_warnings import warn
from deepgen.averaging import EMA
from deepgen.embeddings import NUMERICAL_EMBEDDINGS
from deepgen.estimators import MLPClassifier, MLPRegressor
from deepgen.estimators.from_parameters import make_optimizer
from deepgen.estimators.on_device import refused_on_device
from deepgen.optimizers import Adam
from deepgen.preprocessing import TableEncoder
from deepgen.schedules import Scaled
from deepgen.tabular.presets import PRESETS, RARE_ROWS, ROWS, Recipe
from deepgen.tabular.samples import Samples

__all__ = ["MLPS", "Plan", "make_plan"]

MLPS: dict[str, Any] = {"regression": MLPRegressor, "classification": MLPClassifier}
"""MLP class of each task."""

# Smallest number of rows of which some are held out.
FEWEST_ROWS = 10
AUTO_BATCH = 200
# Share of ``max_time`` that a plan reserves for work that it does not time.
HEADROOM = 1.2


@dataclass(frozen=True)
class Plan:
    """The settings of a preset for one table.

    Parameters
    ----------
    preset : str
        Name of the preset.
    task : {'regression', 'classification'}
        Numbers or classes.
    n_rows : int
        Number of rows, held-out ones included.
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
        """Number of networks."""
        return int(self.network["n_members"])

    @property
    def n_epochs(self) -> int:
        """Number of epochs of each network's schedule."""
        return int(self.network["max_iter"])

    def make_encoder(self) -> TableEncoder:
        """Return the planned encoder.

        Returns
        -------
        encoder : TableEncoder
            Encoder, not fitted.
        """
        return TableEncoder(**self.encoder)

    def make_network(self, **changes: Any) -> Any:
        """Return the planned MLP.

        Parameters
        ----------
        **changes : dict
            Parameters with other values.

        Returns
        -------
        mlp : MLPRegressor or MLPClassifier
            MLP, not fitted.
        """
        return MLPS[self.task](**{**self.network, **changes})

    def on(self, encoder: TableEncoder) -> Plan:
        """Return the plan for the features of an encoder.

        Parameters
        ----------
        encoder : TableEncoder
            Fitted.

        Returns
        -------
        plan : Plan
            Embeddings with ``features=None`` map the plain numbers, those of categories the codes;
            an embedding without such features is left out.
        """
        changes: dict[str, Any] = {}
        for name, value in self.network.items():
            if name == "numerical_embedding" and isinstance(value, str):
                value = resolve(value, NUMERICAL_EMBEDDINGS, name)
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
        """Train the planned MLP.

        Parameters
        ----------
        samples, validation : Samples
            Training samples, and validation samples if the user gave them.
        watch : callable, default=None
            Function called after each epoch of each network.
        **changes : dict
            Parameters with other values.

        Returns
        -------
        mlp : MLPRegressor or MLPClassifier
            Fitted MLP.
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
        """Return the plan for a limited time.

        Parameters
        ----------
        seconds : float
            Remaining seconds.
        seconds_per_epoch : float
            Seconds per epoch of one network.

        Returns
        -------
        plan : Plan
            Plan for the largest number of networks with the full schedule that fit one after
            another; if not even one fits, for a single network with a schedule that ends in time.
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
            Parameters with other values.

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
    n_rare: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    network: Mapping[str, Any] | None = None,
    categorical_features: Any = "from_dtype",
    recipe: Recipe | None = None,
) -> Plan:
    """Plan encoder and MLP for a table.

    Parameters
    ----------
    preset : {'fast', 'balanced', 'best'}
        Name of the recipe.
    task : {'regression', 'classification'}
        Numbers or classes.
    n_rows : int
        Number of rows of the table, held-out ones included.
    n_rare : int, default=None
        Number of these rows outside of the most frequent class; None means many, or no classes.
    parameters : mapping, default=None
        Parameters of the estimator that the MLP has too; None for ``n_members`` and ``scoring``
        means the preset's value.
    network : mapping, default=None
        Parameters of the MLP that replace the preset's. Learning rate and weight decay depend on
        the hidden layers given here.
    categorical_features : array-like, str or None, default='from_dtype'
        Parameter of `TableEncoder`.
    recipe : Recipe, default=None
        Replacement of the preset's, for trying other settings.

    Returns
    -------
    plan : Plan
        Settings only.

    Raises
    ------
    ValueError
        If ``network`` contains an unknown parameter of the MLP, or one of the estimator itself.

    Warns
    -----
    UserWarning
        If the device does not support a part of the preset, which is left out.

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
        # Plain data, which can be written to a file.
        categorical_features = np.asarray(categorical_features).tolist()
    encoder["categorical_features"] = categorical_features
    hidden = (settings.pop("width"),) * settings.pop("n_hidden")
    if own.get("early_stopping", True) and n_rows < FEWEST_ROWS:
        own["early_stopping"] = False
    if not own.get("early_stopping", True):
        # The training loss may stand still until the rate falls: all epochs.
        settings["n_iter_no_change"] = np.inf
    given = {
        name: value
        for name, value in own.items()
        if value is not None or name not in ("n_members", "scoring")
    }
    if own.get("class_weight") is not None and own.get("scoring") is None:
        # Scores ignore class weights, and would prefer an epoch that the weights do not.
        given["scoring"] = "loss"
    rare = {} if n_rare is None or n_rare >= RARE_ROWS else recipe.rare
    of_preset = {**recipe.network, **settings, **rare}
    if own.get("device", "cpu") != "cpu":
        of_preset = _without_refused(of_preset, task, own["device"], network)
    mlp = {"hidden_layer_sizes": hidden, **of_preset, **given, **network}
    mlp |= {name: value for name, value in _by_width(recipe, mlp).items() if name not in network}
    if "batch_size" not in network and isinstance(mlp["batch_size"], int):
        mlp["batch_size"] = max(min(mlp["batch_size"], n_rows // 2), 1)
    if mlp.get("category_embedding") is not None:
        encoder["category_encoding"] = "codes"
    if recipe.averaged_epochs and isinstance(mlp["solver"], Adam):
        mlp = {"averaging": _average(recipe.averaged_epochs, n_rows, mlp["batch_size"]), **mlp}
    return Plan(preset, task, n_rows, encoder, mlp)


def _without_refused(
    of_preset: dict[str, Any], task: str, device: str, network: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a preset's parameters without those that a device does not support.

    Parameters that the user gave instead are not its concern: the MLP refuses them.
    """
    used = {name: value for name, value in of_preset.items() if name not in network}
    model = MLPS[task](**used)
    refused = refused_on_device(model, make_optimizer(model))
    if refused:
        warn(
            f"device='{device}' does not support {' and '.join(refused.values())}; the preset is "
            "used without it"
        )
    return {name: value for name, value in used.items() if name not in refused}


def _by_width(recipe: Recipe, mlp: Mapping[str, Any]) -> dict[str, Any]:
    """Return learning rate and solver, which depend on the width of the hidden layers."""
    widths = np.atleast_1d(np.asarray(mlp["hidden_layer_sizes"], dtype=float))
    root = 1.0 if mlp.get("parametrization") == "ntk" else float(np.sqrt(max([1.0, *widths])))
    rate = round(recipe.learning_rate / root, 10)
    solver = mlp["solver"]
    if isinstance(solver, Adam) and recipe.decay is not None:
        # A step decays weights by rate times decay: the same share for every rate.
        decay = recipe.decay
        if isinstance(decay, Scaled):
            solver = replace(solver, weight_decay=Scaled(decay.schedule, decay.peak * root))
        else:
            solver = replace(solver, weight_decay=round(decay * root, 10))
    return {"learning_rate_init": rate, "solver": solver}


def _average(n_epochs: float, n_rows: int, batch_size: Any) -> EMA | None:
    """Return the average over the last epochs' weights; None if these are at most one step."""
    n_steps = n_epochs * n_rows / (batch_size if isinstance(batch_size, int) else AUTO_BATCH)
    return EMA(round(1 - 1 / n_steps, 4)) if n_steps > 1 else None


def _checked(network: Any, task: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid parameters that replace the preset's.

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
    """Interpolate a setting for a number of rows between those at `ROWS`."""
    if len(set(values)) == 1:
        return values[0]
    place = np.log(np.clip(n_rows, ROWS[0], ROWS[-1]))
    places = np.log(ROWS)
    if not all(isinstance(value, int | float) and value > 0 for value in values):
        return values[int(np.argmin(abs(places - place)))]
    exact = float(np.exp(np.interp(place, places, np.log(values))))
    if not all(isinstance(value, int) for value in values):
        return exact
    # Interpolated powers of two are rounded to powers of two.
    if all(value & (value - 1) == 0 for value in values):
        return int(2 ** round(np.log2(exact)))
    return max(round(exact), 1)
