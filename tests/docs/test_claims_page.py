"""The committed page of claims: what the documented runs say, and nothing else."""

import importlib.util
import re

from conftest import ROOT

spec = importlib.util.spec_from_file_location("make_claims", ROOT / "docs" / "make_claims.py")
make_claims = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_claims)

TEXT = make_claims.RUNS.read_text()


def test_the_page_is_up_to_date():
    assert make_claims.page() == make_claims.PAGE.read_text(), "run `python docs/make_claims.py`"


def test_every_documented_run_is_read():
    runs = make_claims.read_documented_runs()
    assert list(runs) and set(runs) == set(re.findall(r"^## (\w+)$", TEXT, re.MULTILINE))
    verdicts = {"supported", "not supported", "inconclusive", "construction"}
    for run in runs.values():
        assert run.findings and run.run
        assert {finding.verdict for finding in run.findings} <= verdicts


def test_a_changed_verdict_changes_the_page():
    run = make_claims._read_section("tri", TEXT.replace("| 16 | construction |", "| 16 | X |"))
    assert [one.verdict for one in run.findings].count("X") == 1
