"""The page of claims: what it says follows from the runs, and each named finding exists."""

import json
import re
from dataclasses import replace

import pytest
from conftest import ROOT

from deepgen import cli
from deepgen.experiments.lecture import LECTURE
from deepgen.experiments.lecture_claim import LectureClaim
from deepgen.experiments.lecture_page import SELECTION, lecture_page
from deepgen.experiments.run_record import JudgedFinding, RunRecord, read_runs
from experiments.test_verdicts import MODULES, judge

DOCUMENTED = (ROOT / "docs" / "experiments.md").read_text()
CLAIM = LectureClaim("H1", "Wide is good.", "Wide", {"tri": ("a", "b"), "square": ("c",)})


def runs(*verdicts):
    """Runs of the claim's experiments; a finding without a verdict is missing."""
    found = {
        what: JudgedFinding(what, f"{what}: 1 [0, 2]", "95 % t interval", "at least 0", verdict)
        for what, verdict in zip("abc", verdicts, strict=True)
        if verdict
    }
    names = {"tri": "ab", "square": "c"}
    return {
        name: RunRecord(name, "supported", "today", f"{name}.json", tuple(map(found.get, some)))
        for name, whats in names.items()
        if (some := [what for what in whats if what in found])
    }


def verdict_of(page, label="H1"):
    return re.search(rf'#{label}">.*?class="verdict [a-z-]+">([a-z ]+)<', page, re.DOTALL)[1]


def test_all_hypotheses_and_takeaways_are_there():
    labels = [claim.label for claim in LECTURE]
    assert labels == [f"H{k}" for k in range(1, 15)] + [f"T{k}" for k in range(1, 8)]


@pytest.mark.parametrize("claim", LECTURE, ids=lambda claim: claim.label)
def test_each_named_experiment_and_finding_exists(claim):
    modules = {module.EXPERIMENT.name: module for module in MODULES}
    for name, findings in claim.evidence.items():
        assert name in modules and findings
        section = DOCUMENTED.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        known = re.findall(r"^\| (.*?) \|", section.replace("\\|", "!"), re.MULTILINE)
        if not section:
            # The experiment awaits its full run.
            known = [finding.what.replace("|", "!") for finding in judge(modules[name], True)]
        missing = [what for what in findings if what.replace("|", "!") not in known]
        assert not missing, f"{name} has no such findings"


@pytest.mark.parametrize(
    ("verdicts", "joint"),
    [
        (("supported", "supported", "supported"), "supported"),
        (("supported", "supported", "not supported"), "mixed"),
        (("not supported", "inconclusive", "not supported"), "not supported"),
        (("supported", "supported", None), "inconclusive"),
        (("supported", None, "not supported"), "mixed"),
        ((None, None, None), "not yet measured"),
    ],
)
def test_a_claim_has_the_joint_verdict_of_its_findings(verdicts, joint):
    page = lecture_page(runs(*verdicts), [CLAIM])
    assert verdict_of(page) == joint
    of_the_claim = 2 * (joint == "not yet measured")
    missing = page.count('class="verdict not-yet-measured"') - of_the_claim
    assert missing == verdicts.count(None)


def test_the_interval_beside_a_claim_is_the_one_that_decides():
    page = lecture_page(runs("supported", "not supported", "supported"), [CLAIM])
    overview = page.partition("<section")[0]
    assert "b: 1 [0, 2]" in overview and "a: 1 [0, 2]" not in overview


def test_a_part_that_no_experiment_measures_keeps_a_claim_from_support():
    claim = LectureClaim("H1", "Wide is best.", "Wide", CLAIM.evidence, unmeasured=("best",))
    page = lecture_page(runs("supported", "supported", "supported"), [claim])
    assert verdict_of(page) == "inconclusive"
    assert "not yet measured: best" in page.partition("<section")[0]
    refuted = lecture_page(runs("supported", "not supported", "supported"), [claim])
    assert verdict_of(refuted) == "mixed"


def test_a_page_says_that_it_has_no_figures():
    some = runs("supported", "supported", "supported")
    assert "This page has no figures" in lecture_page(some, [CLAIM])
    drawn = some | {"tri": replace(some["tri"], png=b"png")}
    assert "This page has no figures" not in lecture_page(drawn, [CLAIM])


def test_the_page_says_how_findings_were_chosen():
    assert SELECTION in lecture_page({}).replace("&#39;", "'")


def test_all_links_within_the_page_lead_somewhere():
    for page in (lecture_page(runs("supported", None, None), [CLAIM]), lecture_page({})):
        targets = set(re.findall(r'id="([^"]+)"', page))
        assert set(re.findall(r'href="#([^"]+)"', page)) <= targets


def test_the_command_reads_the_runs_of_a_folder(tmp_path, capsys):
    claim = next(claim for claim in LECTURE if "minibatch_redundancy" in claim.evidence)
    words = ["experiment", "run", "tri", "--quick", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    tri = json.loads((tmp_path / "tri.json").read_text())
    findings = [
        {**tri["findings"][0], "what": what, "verdict": "supported"}
        for what in claim.evidence["minibatch_redundancy"]
    ]
    other = tri | {"name": "minibatch_redundancy", "findings": findings, "seeds": [0, 1]}
    (tmp_path / "minibatch_redundancy.json").write_text(json.dumps(other))
    assert cli.main(["experiment", "claims", "--out", str(tmp_path)]) == 0
    assert "claims.html, with 2 of" in capsys.readouterr().out
    page = (tmp_path / "claims.html").read_text()
    assert verdict_of(page, "H12") == "supported" and verdict_of(page, "H1") == "not yet measured"
    assert "2 seeds, quick sizes" in page and "This page has no figures" in page
    assert set(read_runs(tmp_path, ["tri", "square"])) == {"tri"}
    assert read_runs(tmp_path, ["tri"])["tri"].png is not None


def test_a_file_that_is_no_result_is_told_by_its_name(tmp_path, capsys):
    (tmp_path / "tri.json").write_text("{}")
    assert cli.main(["experiment", "claims", "--out", str(tmp_path)]) == 2
    assert "tri.json is no result of an experiment" in capsys.readouterr().err
