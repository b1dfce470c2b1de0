r"""Margins of a classifier: how far the right class is ahead of the others.

    m(x, y) = f_y(x) - max over j != y of f_j(x)

It is negative where the answer is wrong. With two classes there is one output z, and the margin is
that of the outputs (0, z): z for the second class and -z for the first. Divided by the spectral
complexity R_A and by the mean size of the data, margins of different networks can be compared:

    normalized = m / (R_A ||X||_F / n),   ||X||_F^2 = sum_i ||x_i||^2.

Source: P. Bartlett, D. Foster, M. Telgarsky, "Spectrally-normalized margin bounds for neural
networks", NeurIPS 2017, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import COLORS, as_text, in_style
from deepgen._display.text_table import format_table
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen.generalization.norms.matrix_chain import matrix_chain
from deepgen.generalization.norms.spectral_complexity import SpectralComplexity, spectral_complexity
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deepgen.probe import Probe

__all__ = ["ClassMargins", "Margins", "margins"]

# Lines of more classes than this cannot be told apart.
MAX_LINES = 10


@dataclass(frozen=True)
class ClassMargins(ShownAsTable):
    """Summary of the margins of one class.

    Parameters
    ----------
    label : object
        The class.
    n : int
        Number of its rows.
    wrong : float
        Share of them with a margin of 0 or less.
    low : float
        5th percentile of their margins; NaN without rows, as the next two.
    median, mean : float
        Median and mean of their margins.

    Examples
    --------
    >>> from deepgen.generalization.norms.margins import ClassMargins
    >>> ClassMargins("yes", 20, 0.0, 1.5, 2.5, 2.4).low
    1.5
    """

    label: Any
    n: int
    wrong: float
    low: float
    median: float
    mean: float


@dataclass(frozen=True, eq=False)
class Margins(ShownAsTable):
    """Margins of the rows of a probe.

    Parameters
    ----------
    margin : ndarray of shape (n_samples,)
        Signed margin of each row before the link, in logits.
    normalized : ndarray of shape (n_samples,) or None
        The same over spectral complexity and size of the data; None where there is no complexity.
    label : ndarray of shape (n_samples,)
        Class of each row.
    by_class : tuple of ClassMargins
        Summary per class.
    complexity : SpectralComplexity or None
        Spectral complexity of the network.
    data_norm : float
        ||X||_F; with intercepts the constant input 1 of each row is part of it. NaN for sparse X.
    reason : str
        Why there is no ``normalized``; empty where there is.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import margins
    >>> X, y = [[0.0], [1.0], [3.0]], ["a", "b", "b"]
    >>> net = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=0.1).fit(X, y)
    >>> margins(Probe(net, X, y)).margin.shape
    (3,)
    """

    margin: FloatArray
    normalized: FloatArray | None
    label: AnyArray
    by_class: tuple[ClassMargins, ...]
    complexity: SpectralComplexity | None
    data_norm: float
    reason: str

    @property
    def wrong(self) -> float:
        """Share of the rows with a margin of 0 or less, without weights."""
        return float(np.mean(self.margin <= 0))

    def percentile(self, q: float = 5.0) -> float:
        """Return a percentile of the margins.

        Parameters
        ----------
        q : float, default=5
            In [0, 100].

        Returns
        -------
        margin : float
            The margin that ``q`` percent of the rows do not exceed.
        """
        return float(np.percentile(self.margin, q))

    def table(self) -> str:
        """Return the summary per class as text.

        Returns
        -------
        table : str
            A header, and one line per class.
        """
        return format_table(
            [
                {
                    "class": str(one.label),
                    "rows": one.n,
                    "wrong": one.wrong,
                    "5th percentile": one.low,
                    "median": one.median,
                    "mean": one.mean,
                }
                for one in self.by_class
            ]
        )

    def __repr__(self) -> str:
        if self.normalized is None:
            normalized = f"not normalized: {self.reason}"
        else:
            normalized = f"median normalized {np.median(self.normalized):.4g}"
        return (
            f"Margins({len(self.margin)} rows, {self.wrong:.2%} wrong, 5th percentile "
            f"{self.percentile():.4g}, median {np.median(self.margin):.4g}, {normalized})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the distribution of the margins, normalized where they are.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            Share of the rows up to each margin: all rows, and each class for up to ten classes.
        """
        ax = axes_or_new(ax)
        values = self.margin if self.normalized is None else self.normalized
        ax.ecdf(values, label="all", color=COLORS[-1], linewidth=2)
        present = [one.label for one in self.by_class if one.n]
        if 1 < len(present) <= MAX_LINES:
            for number, label in enumerate(present):
                own, look = values[self.label == label], "-" if number < len(COLORS) - 1 else "--"
                color = COLORS[number % (len(COLORS) - 1)]  # the last is that of all rows
                ax.ecdf(own, label=as_text(label), linewidth=1, linestyle=look, color=color)
        ax.axvline(0, color="grey", linewidth=0.8, linestyle=":")
        name = "margin" if self.normalized is None else "normalized margin"
        ax.set(xlabel=name, ylabel="share of rows up to it")
        ax.legend(title="class")
        return ax


def margins(probe: Probe, *, reference: Any = 0) -> Margins:
    """Measure the margins of a classifier on the rows of a probe.

    Parameters
    ----------
    probe : Probe
        Probe of a classifier whose rows have one class each.
    reference : {0, 'start'} or sequence of array-like of shape (in, out), default=0
        Reference weights of the spectral complexity, see `spectral_complexity`.

    Returns
    -------
    margins : Margins
        ``margin`` and ``normalized`` per row, and a summary per class.

    Raises
    ------
    ValueError
        If the probe is of a regressor, of a classifier with several labels per row, or knows one
        class only; if ``reference`` is none that `spectral_complexity` takes for this network.

    See Also
    --------
    spectral_complexity : The complexity that normalizes, and what its theorem assumes.
    norm_bounds : Bounds by norms over the squared margin.

    Notes
    -----
    The cost is a forward pass, and a singular value decomposition per layer. Rows count equally,
    whatever their sample weights. A network that the theorem does not cover (layer norm, highway,
    'logistic') has margins but no normalized ones, and ``reason`` says why.

    References
    ----------
    .. [1] P. Bartlett, D. Foster, M. Telgarsky, "Spectrally-normalized margin bounds for neural
       networks", NeurIPS 2017.

    Examples
    --------
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import margins
    >>> X, y = [[0.0], [1.0], [3.0]], ["a", "b", "b"]
    >>> net = MLPClassifier(hidden_layer_sizes=(), solver="lbfgs", alpha=0.1).fit(X, y)
    >>> [one.label for one in margins(Probe(net, X, y)).by_class]
    ['a', 'b']
    """
    check_probe(probe)
    targets = probe.model._targets
    labels = getattr(targets, "labels", None)
    if labels is None:
        raise ValueError("margins are measured for classifiers, got a probe of a regressor")
    if labels.multilabel:
        raise ValueError("margins need one class per row, got targets with several labels per row")
    if len(labels.classes) < 2:
        raise ValueError("margins need at least two classes, the classifier knows one")
    codes = np.asarray(probe.data.y).ravel().astype(np.int64)
    n_threads = probe._threads(float(probe.n_samples * probe.n_parameters))
    outputs = probe.network.outputs(probe.data.X, n_threads=n_threads)
    margin = signed_margins(outputs, codes)
    complexity, reason, normalized, size = None, "", None, float("nan")
    X = probe.data.X
    if not isinstance(X, np.ndarray):
        reason = "X is sparse, and its norm is read from dense rows only"
    else:
        try:
            matrix_chain(probe).check_work()
        except ValueError as error:
            reason = str(error)
        else:
            complexity = spectral_complexity(probe, reference)
            ones = len(X) if complexity.has_constant else 0
            size = float(np.sqrt(np.einsum("ij,ij->", X, X) + ones))
            with np.errstate(divide="ignore", invalid="ignore"):
                normalized = margin / (complexity.value * size / len(X))
    return Margins(
        margin=margin,
        normalized=normalized,
        label=labels.classes[codes],
        by_class=tuple(
            _summary(label, margin[codes == code]) for code, label in enumerate(labels.classes)
        ),
        complexity=complexity,
        data_norm=size,
        reason=reason,
    )


def signed_margins(outputs: AnyArray, codes: NDArray[np.int64]) -> FloatArray:
    """Return the margins of some rows.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_outputs)
        Logits; one column for two classes.
    codes : ndarray of shape (n_samples,)
        Numbers of the classes.

    Returns
    -------
    margins : ndarray of shape (n_samples,)
        Logit of the class minus the largest of the others.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization.norms.margins import signed_margins
    >>> signed_margins(np.array([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]), np.array([1, 0])).tolist()
    [1.0, -2.0]
    """
    if outputs.shape[1] == 1:
        outputs = np.column_stack([np.zeros(len(outputs)), outputs[:, 0]])
    rows = np.arange(len(outputs))
    others = np.array(outputs, dtype=np.float64)
    others[rows, codes] = -np.inf
    margins: FloatArray = outputs[rows, codes] - others.max(axis=1)
    return margins


def _summary(label: Any, values: FloatArray) -> ClassMargins:
    """Return the summary of a class, with NaN for what no rows have."""
    label = label.item() if hasattr(label, "item") else label
    if not len(values):
        nan = float("nan")
        return ClassMargins(label, 0, nan, nan, nan, nan)
    return ClassMargins(
        label=label,
        n=len(values),
        wrong=float(np.mean(values <= 0)),
        low=float(np.percentile(values, 5)),
        median=float(np.median(values)),
        mean=float(values.mean()),
    )
