"""What a notebook shows at the end of a cell: a table of each kind of result."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass, is_dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe, decomposition, expressivity
from deepgen import generalization as gen
from deepgen import optimization as opt
from deepgen._component import Component
from deepgen._display.shown_as_table import ShownAsTable, in_a_few_words
from deepgen.callbacks import EdgeOfStability, Trajectory
from deepgen.report import card
from deepgen.tabular import presets

REASONS = {
    "an input that states what is true": [
        "decomposition.ClassTruth", "decomposition.GaussianClasses",
        "decomposition.GaussianLinear", "decomposition.HeteroscedasticSine",
        "decomposition.NoisyFunction", "decomposition.NoisyMoons",
        "decomposition.TeacherNetwork", "decomposition.Truth",
    ],
    "its text is one line or a few": [
        "experiments.Interval", "schedules.Position", "tables.TableModel", "tabular.Plan",
    ],
    "a row of the encoder's text": [
        "preprocessing.CategoryColumn", "preprocessing.CodeColumn", "preprocessing.Column",
        "preprocessing.DateColumn", "preprocessing.NumberColumn",
    ],
    "a part of a run, whose Result is shown": [
        "experiments.Experiment", "experiments.Measurement", "experiments.RunPlan",
        "experiments.Runner",
    ],
    "a part of a page": ["report.ReportData", "report.Section"],
    "shown as Markdown": ["report.Card"],
    "a call that predicts": ["tabular.PreparedClassifier", "tabular.PreparedRegressor"],
    "a part of a training on shards": [
        "distributed.Advanced", "distributed.Course", "distributed.Executor", "distributed.Rows",
        "distributed.SerialExecutor", "distributed.Shard", "distributed.Steps", "distributed.Work",
    ],
    "a callback that only tells a search": ["callbacks.Pruning"],
}  # fmt: skip

# What a class that is no dataclass states itself.
FORMS = ("_html_rows", "_html_fields")


def public_classes():
    """Each public class of the rooms by name; settings and errors are no results."""
    for module in pkgutil.iter_modules(deepgen.__path__):
        if module.name.startswith("_"):
            continue
        room = importlib.import_module(f"deepgen.{module.name}")
        for name in getattr(room, "__all__", ()):
            found = getattr(room, name)
            if not inspect.isclass(found) or issubclass(found, (Component, Exception)):
                continue
            if not found.__module__.startswith("deepgen.cli"):
                yield f"{module.name}.{name}", found


def test_every_result_has_a_table_or_a_reason():
    excused = [name for names in REASONS.values() for name in names]
    classes = dict(public_classes())
    assert set(excused) <= set(classes)
    bare = {name for name, kind in classes.items() if not hasattr(kind, "_repr_html_")}
    assert bare == set(excused)
    shown = [kind for kind in classes.values() if issubclass(kind, ShownAsTable)]
    assert len(shown) > 40
    for kind in shown:
        own = [name for name in FORMS if getattr(kind, name) is not getattr(ShownAsTable, name)]
        assert is_dataclass(kind) or own
        assert not issubclass(kind, BaseEstimator)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
FITTED = {"solver": "lbfgs", "tol": 1e-2, "random_state": 0}
CLASSES = MLPClassifier((6,), **FITTED).fit(X, (X[:, 0] > 0).astype(int))
NUMBERS = MLPRegressor(hidden_layer_sizes=(6,), **FITTED).fit(X, X[:, 0])
OF_CLASSES, OF_NUMBERS = Probe(CLASSES, X, (X[:, 0] > 0).astype(int)), Probe(NUMBERS, X, X[:, 0])
BOX = ((-1, 1), (-1, 1))
RESULTS = [
    (lambda: OF_NUMBERS, ["Probe(2-6-1, 25 parameters, 60 samples)", "coefs_0", "2 x 6 numbers"]),
    (lambda: opt.hessian_spectrum(OF_NUMBERS, random_state=0), ["<td>trace</td>", "top_errors"]),
    (lambda: opt.condition_number(OF_NUMBERS), ["<td>value</td>"]),
    (lambda: opt.gradient_noise(OF_NUMBERS), ["<td>simple_scale</td>"]),
    (lambda: opt.linear_path(OF_NUMBERS, OF_NUMBERS.at(OF_NUMBERS.parameters + 1)),
     ["<td>barrier</td>"]),
    (lambda: gen.margins(OF_CLASSES), ["<td>margin</td>", "60 numbers"]),
    (lambda: gen.measures(OF_CLASSES, of=["size"]), ["<th>measure</th>", "<td>25</td>"]),
    (lambda: gen.lipschitz(NUMBERS, BOX), ["<td>upper</td>"]),
    (lambda: gen.attributions(NUMBERS, X), ["<td>values</td>", "60 x 2 numbers"]),
    (lambda: gen.spectral_complexity(NUMBERS), ["<td>value</td>"]),
    (lambda: expressivity.count_regions(NUMBERS, BOX), ["RegionCount"]),
    (lambda: expressivity.region_bounds((2, 4)), ["<td>serra_upper</td>"]),
    (lambda: decomposition.Reading(*map(float, range(8))), ["<td>approximation</td><td>0</td>"]),
    (lambda: Trajectory(), ["<td>epochs</td>"]),
    (lambda: EdgeOfStability(), ["<td>lambda_1</td>"]),
    (lambda: presets(), ["<th>setting</th>"]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), RESULTS)
def test_results_show_their_text_and_their_fields(make, words):
    page = make()._repr_html_()
    for word in words:
        assert word in page
    assert page.count("<table>") == page.count("</table>") == 1
    assert len(page) < 10_000


def test_a_card_is_shown_as_markdown():
    shown = card(NUMBERS, X, X[:, 0])
    assert shown._repr_markdown_() == shown.to_markdown()


def test_an_experiment_shows_claim_table_and_findings():
    from deepgen.experiments.claims import mlp_loss

    result = mlp_loss.run(quick=True, seeds=2)
    page = result._repr_html_()
    for word in (result.columns[0], "claim:", "verdict: ", "finding: "):
        assert word in page


@dataclass(frozen=True)
class Tag(ShownAsTable):
    """A result whose text could be taken for HTML."""

    name: str
    _hidden: str = "secret"

    def __repr__(self):
        return f"Tag({self.name})"


def test_text_is_escaped_and_private_fields_are_not_shown():
    page = Tag("<script>alert('x')</script>")._repr_html_()
    assert "<script>" not in page and page.count("&lt;script&gt;") == 2
    assert "secret" not in page and "_hidden" not in page


@pytest.mark.parametrize(("value", "words"), [
    (None, ""), (True, "yes"), (2, "2"), (1 / 3, "0.3333"), (np.float32(0.25), "0.25"), 
    ("a\nb", "a b"),
    (np.array([1.0, np.nan]), "1, nan"), (np.arange(7), "7 numbers, 0 to 6"), (np.array(2.0), "2"),
    (np.zeros((3, 2)), "3 x 2 numbers, 0 to 0"), (np.full(9, np.nan), "9 values"),
    (np.array(["x"] * 9), "9 values"), ([1, "b"], "1, b"), (list(range(9)), "9 entries"), ((), ""),
    ({"a": 1.5, "b": None}, "a: 1.5, b:"), (dict.fromkeys(range(9)), "9 entries"),
    (len, "a function"), ("x" * 500, "x" * 157 + "..."),
])  # fmt: skip
def test_values_are_told_in_a_few_words(value, words):
    assert in_a_few_words(value) == words
