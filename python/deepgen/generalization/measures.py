"""Measures: what is said to go along with generalization, of one network in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.text_table import Row, format_table
from deepgen.generalization.compressibility.compression import compression
from deepgen.generalization.lipschitz_constants.lipschitz import lipschitz
from deepgen.generalization.norms.margins import margins
from deepgen.generalization.norms.norm_bounds import norm_bounds
from deepgen.generalization.norms.spectral_complexity import spectral_complexity
from deepgen.generalization.random_weights.noise_flatness import noise_flatness
from deepgen.generalization.settings import generator
from deepgen.generalization.sharpness.keskar_sharpness import keskar_sharpness
from deepgen.generalization.sharpness.sam_sharpness import sam_sharpness
from deepgen.optimization.hessian_spectrum import hessian_spectrum
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["Measures", "measures"]

ABOUT = {
    "parameters": "number of trained parameters",
    "layers": "number of layers with weights",
    "loss": "training loss: compare sharpness at equal loss",
    "error": "share of wrong answers",
    "margin": "5th percentile of the margins",
    "normalized_margin": "median margin over spectral complexity and size of the rows",
    "spectral_product": "product of the spectral norms of the layers",
    "spectral_complexity": "R_A of Bartlett et al., reference 0",
    "spectral_complexity_from_start": "R_A, reference the starting weights",
    "lipschitz_lower": "largest norm of a Jacobian that was found",
    "lipschitz_upper": "least upper bound of the Lipschitz constant",
    "norm_1_inf": "capacity by the (1, inf) norm",
    "norm_frobenius": "capacity by the Frobenius norms",
    "norm_3_1.5": "capacity by the (3, 1.5) norm",
    "norm_spectral": "capacity by the spectral norms",
    "norm_spectral_frobenius": "capacity by spectral norms with a sum of Frobenius norms",
    "path_norm_l1": "capacity by the l1 path norm",
    "path_norm_l2": "capacity by the l2 path norm",
    "vc": "W L ln W: order of the VC dimension",
    "keskar_sharpness": "rise of the loss in a box (eps 1e-3), in percent of 1 + loss",
    "sam_sharpness": "rise of the loss in a ball (rho .05)",
    "sam_sharpness_adaptive": "rise in a ball relative to the weights (rho .05)",
    "hessian_top": "largest eigenvalue of the Hessian",
    "hessian_trace": "trace of the Hessian",
    "noise_sharpness": "1 / sigma^2 of the noise on weights that raises the error by .1",
    "layer_cushion": "least layer cushion of Arora et al.",
    "interlayer_cushion": "least interlayer cushion",
    "activation_contraction": "activation contraction",
    "interlayer_smoothness": "interlayer smoothness",
    "cushion_sum": "sum of 1 / (layer cushion x least interlayer cushion)^2",
    "compressed_parameters": "parameters of the compressed network by theorem 4.1",
}
"""Names of all measures, with what they are."""

NORMS = {
    "norm_1_inf": "(1, inf)",
    "norm_frobenius": "frobenius",
    "norm_3_1.5": "(3, 1.5)",
    "norm_spectral": "spectral",
    "norm_spectral_frobenius": "spectral, frobenius sum",
    "path_norm_l1": "path, l1",
    "path_norm_l2": "path, l2",
}

Values = dict[str, float]


@dataclass(frozen=True, eq=False)
class Measures(ShownAsTable):
    """Measures of one network by name, and the reasons for those that it has not.

    Parameters
    ----------
    values : dict of str to float
        What was measured, by name.
    reasons : dict of str to str
        What was refused for this network, with the reason.
    about : dict of str to str
        What each name means.

    Examples
    --------
    >>> from deepgen import MLPRegressor, Probe
    >>> from deepgen.generalization import measures
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> probe = Probe(MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, y), X, y)
    >>> measures(probe, of=["size", "margin"]).reasons["margin"]
    'margins are measured for classifiers, got a probe of a regressor'
    """

    values: Mapping[str, float]
    reasons: Mapping[str, str]
    about: Mapping[str, str]

    def __getitem__(self, name: str) -> float:
        if name in self.reasons:
            raise KeyError(f"{name} was not measured: {self.reasons[name]}")
        return self.values[name]

    def __repr__(self) -> str:
        return f"Measures({len(self.values)} measured, {len(self.reasons)} refused)"

    def __str__(self) -> str:
        return self.table()

    def table(self) -> str:
        """Return the measures as text.

        Returns
        -------
        table : str
            One line per measure, in the order of their groups: value or reason.
        """
        return format_table(self._html_rows())

    def _html_rows(self) -> list[Row]:
        return [
            {
                "measure": name,
                "value": self.values.get(name),
                "what it is": about
                if name in self.values
                else f"not measured: {self.reasons[name]}",
            }
            for name, about in self.about.items()
        ]


def _size(probe: Probe, _: int) -> Values:
    return {
        "parameters": probe.n_parameters,
        "layers": probe.network.n_layers,
        "loss": probe.loss(),
    }


def _margin(probe: Probe, _: int) -> Values:
    found = margins(probe)
    values = {"error": found.wrong, "margin": found.percentile()}
    if found.normalized is not None:
        values["normalized_margin"] = float(np.median(found.normalized))
    return values


def _complexity(probe: Probe, _: int) -> Values:
    found = spectral_complexity(probe)
    return {"spectral_product": found.product, "spectral_complexity": found.value}


def _complexity_from_start(probe: Probe, _: int) -> Values:
    return {"spectral_complexity_from_start": spectral_complexity(probe, "start").value}


def _norms(probe: Probe, _: int) -> Values:
    found = norm_bounds(probe)
    return {name: found[own].capacity for name, own in NORMS.items()}


def _lipschitz(probe: Probe, seed: int) -> Values:
    found = lipschitz(
        probe,
        max_cells=2_000,
        max_programs=200,
        max_patterns=2**10,
        n_points=500,
        sdp=False,
        random_state=seed,
    )
    return {"lipschitz_lower": found.lower, "lipschitz_upper": found.upper}


def _vc(probe: Probe, _: int) -> Values:
    W = probe.n_parameters
    return {"vc": float(W * probe.network.n_layers * np.log(max(W, 2)))}


def _sharpness(probe: Probe, seed: int) -> Values:
    return {
        "keskar_sharpness": keskar_sharpness(
            probe, 1e-3, n_iter=10, n_starts=1, random_state=seed
        ).value,
        "sam_sharpness": sam_sharpness(
            probe, 0.05, n_steps=10, n_starts=1, random_state=seed
        ).value,
        "sam_sharpness_adaptive": sam_sharpness(
            probe, 0.05, adaptive=True, n_steps=10, n_starts=1, random_state=seed
        ).value,
    }


def _hessian(probe: Probe, seed: int) -> Values:
    found = hessian_spectrum(probe, n_iter=30, n_values=1, n_products=10, random_state=seed)
    return {"hessian_top": float(found.top[0]), "hessian_trace": float(found.trace)}


def _flatness(probe: Probe, seed: int) -> Values:
    return {"noise_sharpness": noise_flatness(probe, random_state=seed).sharpness}


def _compression(probe: Probe, seed: int) -> Values:
    found = compression(probe, n_points=100, n_draws=10, random_state=seed)
    return {
        "layer_cushion": float(found.layer_cushion.min()),
        "interlayer_cushion": float(np.nanmin(found.interlayer_cushion)),
        "activation_contraction": found.activation_contraction,
        "interlayer_smoothness": found.interlayer_smoothness,
        "cushion_sum": found.sum_of_inverses,
        "compressed_parameters": found.compressed_count,
    }


# For each group what measures it, and the names that this gives. What one function refuses is
# refused for all of its names.
GROUPS: dict[str, list[tuple[Callable[[Probe, int], Values], Sequence[str]]]] = {
    "size": [(_size, ("parameters", "layers", "loss")), (_vc, ("vc",))],
    "margin": [(_margin, ("error", "margin", "normalized_margin"))],
    "norms": [
        (_complexity, ("spectral_product", "spectral_complexity")),
        (_complexity_from_start, ("spectral_complexity_from_start",)),
        (_norms, tuple(NORMS)),
    ],
    "lipschitz": [(_lipschitz, ("lipschitz_lower", "lipschitz_upper"))],
    "sharpness": [
        (_sharpness, ("keskar_sharpness", "sam_sharpness", "sam_sharpness_adaptive")),
        (_hessian, ("hessian_top", "hessian_trace")),
        (_flatness, ("noise_sharpness",)),
    ],
    "compression": [
        (
            _compression,
            (
                "layer_cushion",
                "interlayer_cushion",
                "activation_contraction",
                "interlayer_smoothness",
                "cushion_sum",
                "compressed_parameters",
            ),
        )
    ],
}


def measures(probe: Probe, *, of: Sequence[str] | None = None, random_state: int = 0) -> Measures:
    """Measure a network by all that is said to go along with generalization.

    Parameters
    ----------
    probe : Probe
        Probe on the training rows.
    of : sequence of str, default=None
        Groups of measures: 'size', 'margin', 'norms', 'lipschitz', 'sharpness', 'compression'; None
        means all.
    random_state : int, default=0
        Seed of the searches, at least 0.

    Returns
    -------
    measures : Measures
        ``values`` by name, and the ``reasons`` of what this network has not.

    Raises
    ------
    ValueError
        If a group is unknown, or the seed is none.

    See Also
    --------
    granulated_kendall : Which of them rank networks, other things being equal.

    Notes
    -----
    None of them is a law: they are what papers propose, and many do not rank networks once their
    training loss, or the noise of their labels, is the same.

    The cost, in gradients over all rows (64-256-256-10, 1,500 rows, ``python
    benchmarks/margin_costs.py``): sharpness about 260, of which the noise is 70, the Hessian's 40
    products about 120 and the box and the balls the rest; margins 2, norms 4 (a singular value
    decomposition per layer), compression 20 (the Jacobians at 100 rows, and ten compressions). The
    Lipschitz constant is bounded by 500 Jacobians and small searches, without a semidefinite
    program. What is above a work limit is refused, and its reason stands in the table.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import measures
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> net = MLPClassifier(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    >>> found = measures(Probe(net.fit(X, X[:, 0] > 0), X, X[:, 0] > 0))
    >>> found["parameters"], found.reasons
    (10.0, {})
    """
    check_probe(probe)
    names = list(GROUPS) if of is None else [of] if isinstance(of, str) else list(of)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise ValueError(f"unknown groups {', '.join(unknown)}; known: {', '.join(GROUPS)}")
    generator(random_state)  # refuses what is no seed
    values: Values = {}
    reasons: dict[str, str] = {}
    for group in GROUPS:
        if group not in names:
            continue
        for measure, wanted in GROUPS[group]:
            try:
                found = measure(probe, random_state)
            except ValueError as error:
                reasons |= dict.fromkeys(wanted, str(error))
                continue
            values |= {name: float(value) for name, value in found.items()}
            reasons |= {name: margins(probe).reason for name in wanted if name not in found}
    about = {name: ABOUT[name] for name in ABOUT if name in values or name in reasons}
    return Measures(values, reasons, about)
