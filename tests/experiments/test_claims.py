"""What the experiments on non-convex optimization stand on."""

import numpy as np
import pytest

from deepgen import Probe
from deepgen.experiments.claims import mlp_loss, stochastic_mlp_loss, zero_training_error
from deepgen.experiments.claims.linear_path import _digits, _train


def test_the_start_of_the_line_is_where_training_began():
    start, model = _train(1, seed=3)
    X, y = _digits()
    probe = Probe(model, X, y)
    blocks = probe.at(start).network.blocks()
    draw = np.random.RandomState(3)
    for layer, (n_in, n_out) in enumerate(((64, 64), (64, 64), (64, 10))):
        drawn = np.sqrt(2 / n_in) * draw.standard_normal((n_in, n_out))
        assert np.array_equal(blocks[f"coefs_{layer}"], drawn)
        assert not blocks[f"intercepts_{layer}"].any()
    assert probe.at(start).loss() > probe.loss()


@pytest.mark.slow
@pytest.mark.parametrize("module", [mlp_loss, stochastic_mlp_loss, zero_training_error])
def test_equal_seeds_give_equal_tables_whatever_the_jobs(module):
    tables = [module.run(quick=True, seeds=2, n_jobs=n_jobs).to_csv() for n_jobs in (None, 1, 2)]
    assert len(set(tables)) == 1


@pytest.mark.claims
def test_the_printed_surface_has_a_plateau_so_the_claim_fails():
    result = mlp_loss.run(quick=True)
    verdicts = {finding.what: finding.verdict for finding in result.findings}
    assert verdicts["printed: share of the window that is flat above the minimum"] == (
        "not supported"
    )
    assert verdicts["printed: spread of the loss along the valley"] == "supported"
