"""The parts of the table of scores that could be wrong without anybody's noticing."""

import numpy as np
import pandas as pd
import pytest
from encoders import NormalQuantiles
from ledger import Ledger
from published import torch_start
from uci import Error


def refuse():
    raise AssertionError("measured again")


def test_a_run_that_was_broken_off_goes_on_with_what_it_knew(tmp_path):
    assert Ledger(tmp_path / "new" / "scores.json").recall(lambda: 0.5, "table", {"a": 1}) == 0.5
    again = Ledger(tmp_path / "new" / "scores.json")
    assert again.recall(refuse, "table", {"a": 1}) == 0.5


@pytest.mark.parametrize("what", [("table", {"a": 2}), ("other", {"a": 1}), ("table",)])
def test_other_settings_tables_and_seeds_are_measured_anew(what):
    ledger = Ledger(None)
    ledger.recall(lambda: 0.5, "table", {"a": 1})
    assert ledger.recall(lambda: 0.7, *what) == 0.7


def test_names_that_differ_far_behind_are_not_confused():
    ledger = Ledger(None)
    ledger.recall(lambda: 0.5, "x" * 500 + "1")
    assert ledger.recall(lambda: 0.7, "x" * 500 + "2") == 0.7


def test_errors_are_compared_by_the_standard_error_of_their_difference():
    ours = Error.of([1.0, 2.0, 3.0, 4.0])
    assert (ours.mean, ours.se) == (2.5, pytest.approx(np.sqrt(5 / 3) / 2))
    width = np.hypot(ours.se, 0.3)
    assert ours.exceeds(Error(2.5 - 1.01 * width, 0.3))
    assert not ours.exceeds(Error(2.5 - 0.99 * width, 0.3))


def test_a_value_that_half_of_the_rows_share_lies_in_the_middle_of_its_quantiles(rng):
    values = np.where(np.arange(2000) % 2, rng.uniform(1, 2, size=2000), 0.0)
    encoded = NormalQuantiles(random_state=0).fit_transform(pd.DataFrame({"x": values}))
    # A quarter of the normal distribution lies below -0.674.
    assert encoded[values == 0].mean() == pytest.approx(-0.674, abs=0.1)
    assert encoded[values > 0].min() > -0.2


def test_weights_start_within_one_over_the_root_of_the_inputs():
    coefs, intercepts = torch_start((4, 300, 2), seed=0)
    assert [w.shape for w in coefs] == [(4, 300), (300, 2)]
    for weights, shifts, n_inputs in zip(coefs, intercepts, (4, 300), strict=True):
        bound = n_inputs**-0.5
        assert 0.98 * bound < abs(weights).max() <= bound >= abs(shifts).max() > 0
