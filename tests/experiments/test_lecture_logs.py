"""The lecture's records: those of its own files, and the numbers that are known of them."""

import gzip
import json

import numpy as np
import pytest
from conftest import ROOT
from scipy.stats import spearmanr

from deepgen.experiments.claims.lipschitz_capacity import _of_logs, correlations
from deepgen.experiments.shared.lecture_logs import load_lecture_logs

SOURCE = ROOT.parent / "shared" / "data" / "deck"
LOGS = load_lecture_logs()
FITTED = LOGS.train_accuracy >= 0.9


def of(mask):
    return spearmanr(LOGS.product[mask], LOGS.gap[mask]).statistic


def test_the_known_numbers_come_out():
    assert len(LOGS.gap) == 1188 and 2 * FITTED.sum() == 1688
    assert of(FITTED) == pytest.approx(0.4120, abs=1e-4)
    assert of(FITTED & (LOGS.depth == 1)) == pytest.approx(0.5674, abs=1e-4)
    assert of(FITTED & (LOGS.width == 256)) == pytest.approx(0.3094, abs=1e-4)
    for solver, known in (("sgd", 0.5751), ("adam", 0.2956), ("lbfgs", 0.4564)):
        assert of(FITTED & (LOGS.solver == solver)) == pytest.approx(known, abs=1e-4)
    found = _of_logs(LOGS)
    assert found["within"] == pytest.approx(0.3302, abs=1e-4)
    assert found["parameters"] == pytest.approx(0.0080, abs=1e-4)
    assert found["noise"] == pytest.approx(0.8013, abs=1e-4)
    at_seven = FITTED & (np.abs(LOGS.wrong_labels - 0.7) < 1e-9)
    assert of(at_seven) == pytest.approx(-0.5278, abs=1e-4)


def test_the_file_is_the_lectures_own():
    if not SOURCE.is_dir():
        pytest.skip("the lecture's files are not at hand")
    records, models = (
        [json.loads(line) for line in gzip.open(SOURCE / name, "rt")]
        for name in ("evaluations.log.gz", "models.log.gz")
    )
    by_id = {model["model_id"]: model for model in models}
    theirs = {
        (
            by_id[one["model_id"]]["depth"],
            by_id[one["model_id"]]["width"],
            by_id[one["model_id"]]["solver"],
            round(10 * one["label_noise_rate"]),
            round(one["train_acc"], 9),
            round(one["test_acc"], 9),
            round(one["excess_risk"], 9),
            float(np.float32(one["lipschitz"])),
            one["n_params"],
        )
        for one in records
    }
    ours = {
        tuple(row)
        for row in zip(
            LOGS.depth.tolist(),
            LOGS.width.tolist(),
            LOGS.solver.tolist(),
            np.round(10 * LOGS.wrong_labels).astype(int).tolist(),
            np.round(LOGS.train_accuracy, 9).tolist(),
            np.round(LOGS.test_accuracy, 9).tolist(),
            np.round(LOGS.gap, 9).tolist(),
            LOGS.product.tolist(),
            LOGS.n_params.tolist(),
            strict=True,
        )
    }
    assert ours == theirs


def test_a_confounder_shows_in_all_nets_and_not_where_it_is_held():
    """A measure that follows the wrong labels alone, against the gap within each share of them."""
    rows = [
        {"width": w, "depth": 1, "solver": "sgd", "share": s, "gap": s + 0.01 * w, "m": s - w / 100}
        for w in range(1, 6)
        for s in (0.0, 0.2, 0.4)
    ]
    pooled, within, _ = correlations(rows, "m")
    assert pooled > 0.5 and within == pytest.approx(-1.0)
