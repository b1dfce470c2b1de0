"""Names of columns and classes in figures."""

import numpy as np
import pytest

from deepgen import TabularClassifier
from deepgen.generalization import attributions, margins
from deepgen.probe import Probe

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_names_that_are_half_a_formula_are_drawn_as_they_are():
    wrong = r"$\frac{$"
    X = np.random.default_rng(0).normal(size=(60, 2))
    table, y = pandas.DataFrame(X, columns=[wrong, "u"]), np.where(X[:, 0] > 0, wrong, "$b_{$")
    model = TabularClassifier(n_members=1, network={"max_iter": 3}, random_state=0).fit(table, y)
    axes = margins(Probe(model, table, y)).plot(), attributions(model, table).plot()
    for one in axes:
        one.figure.canvas.draw()
