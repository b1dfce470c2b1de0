"""Reports on all kinds of models of tables: no section fails, whatever it refuses."""

from functools import partial

import numpy as np
import pytest

from deepgen import TabularClassifier, TabularRegressor
from deepgen._interval import bootstrap_interval
from deepgen.losses import Quantile
from deepgen.report import ReportData
from deepgen.report.page import SECTIONS
from deepgen.tables import TableModel
from deepgen.tables.model import fingerprint

pandas = pytest.importorskip("pandas")
Figure = pytest.importorskip("matplotlib.figure").Figure

RANDOM = np.random.default_rng(0)
N = 80
TABLE = pandas.DataFrame(
    {
        "size": RANDOM.normal(size=N),
        "town": RANDOM.choice(["Ulm", "Bonn", None], N),
        "sold": pandas.Timestamp("1890-05-03")
        + pandas.to_timedelta(RANDOM.integers(0, 999, N), "D"),
    }
)
Y = TABLE["size"].to_numpy() + 0.3 * RANDOM.normal(size=N)
LABEL = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]


def numbers(network=None, **changes):
    return TabularRegressor(random_state=0, network=SMALL | (network or {}), **changes)


def classes(network=None, **changes):
    return TabularClassifier(random_state=0, network=SMALL | (network or {}), **changes)


SMALL = {"hidden_layer_sizes": (6,), "max_iter": 4}
DEEP = {"hidden_layer_sizes": (6, 6, 6)}
KINDS = {
    "numbers": (numbers({"activation": "relu"}), Y),
    "batch norm": (numbers({"normalization": "batch"}), Y),
    "dropout, layer norm": (classes({"normalization": "layer", "dropout": 0.2}), LABEL),
    "members": (classes(n_members=2), LABEL),
    "shared members": (numbers({"averaging": "batch_ensemble"}, n_members=2), Y),
    "two classes": (classes({"activation": "relu"}), np.where(LABEL == "a", "yes", "no")),
    "one class": (classes(), np.full(N, "a")),
    "waves": (numbers({"numerical_embedding": "pbld"}), Y),
    "bins": (classes({"numerical_embedding": "pwl", "input_scale": True}), LABEL),
    "highway": (numbers(DEEP | {"skip": "highway"}), Y),
    "residual": (numbers(DEEP | {"skip": "residual", "activation": "relu"}), Y),
    "one quantile": (numbers(loss=Quantile(0.9)), Y),
    "quantiles": (numbers(loss=Quantile([0.1, 0.5, 0.9])), Y),
    "counts": (numbers(loss="poisson"), np.abs(Y).round()),
    "median": (numbers(loss="absolute_error"), Y),
    "nothing held out": (numbers(early_stopping=False), Y),
    "second order": (classes({"solver": "lbfgs", "dropout": 0.0}, early_stopping=False), LABEL),
}


def data_of(model, y, is_training):
    table = TABLE.assign(y=y)
    model.fit(TABLE, y)
    task = "classification" if hasattr(model, "classes_") else "regression"
    held_out = 0 if not model.early_stopping else 16
    metadata = {
        "rows": {"training": N - held_out, "held out": held_out},
        "score": {"training": 0.5, "held out": 0.4},
        "baseline": 0.0,
        "reason": "as asked",
        "table": fingerprint(table) if is_training else "",
    }
    data = ReportData(TableModel(model, "y", task, metadata), table, "t.csv", 1.0)
    # Refits are tests of their own.
    vars(data)["_asked"] = (None, "Left out.")
    return data


@pytest.mark.filterwarnings("ignore:.*has no effect with solver='lbfgs'")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "kind, is_training",
    [
        *((kind, True) for kind in KINDS),
        ("numbers", False),
        ("members", False),
        ("one class", False),
    ],
)
def test_no_section_fails(kind, is_training, monkeypatch):
    monkeypatch.setattr("deepgen.report.regions.N_LINES", 5)
    monkeypatch.setattr("deepgen.report.columns.N_REPEATS", 3)
    few = partial(bootstrap_interval, n_resamples=50)
    monkeypatch.setattr("deepgen.report.calibration.bootstrap_interval", few)
    data = data_of(*KINDS[kind], is_training)
    sections = [section for make in SECTIONS if (section := make(data)) is not None]
    titles = [section.title for section in sections]
    assert {"Lipschitz bracket", "Calibration", "Columns", "Measures of generalization"} <= set(
        titles
    )
    for section in sections:
        assert section.paragraphs and "nan" not in str(section.table).lower()
        if section.draw is not None and is_training and kind in ("numbers", "two classes"):
            section.draw(Figure())
