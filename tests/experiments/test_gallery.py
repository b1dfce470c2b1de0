"""Every experiment in its smallest form, and the page that shows them.

What a verdict must be is tested on planted measurements, in test_verdicts.py.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from deepgen.experiments import CATALOG
from deepgen.experiments.finding import overall_verdict
from deepgen.experiments.gallery import write_gallery

PAGE = Path(__file__).resolve().parents[2] / "docs" / "experiments.md"


@pytest.fixture(scope="module", params=CATALOG, ids=lambda runner: runner.experiment.name)
def result(request):
    return request.param(quick=True, seeds=1)


@pytest.mark.slow
def test_a_run_of_one_seed_gives_a_table_and_findings(result):
    assert result.quick and result.table and result.findings
    assert result.interval in [finding.interval for finding in result.findings]
    assert result.seeds == ((0,) if result.experiment.seeds else ())


@pytest.mark.slow
def test_a_figure_has_labels_and_titles(result):
    figure = result.figure()
    drawn = [axes for axes in figure.axes if axes.has_data()]
    assert drawn
    for axes in drawn:
        if axes.axison and "colorbar" not in axes.get_label():
            assert axes.get_xlabel() or axes.get_title()


@pytest.mark.slow
def test_the_gallery_shows_claim_figure_verdict_and_command(result, tmp_path):
    page = write_gallery([result], tmp_path).read_text()
    assert f'id="{result.name}"' in page
    assert page.count("data:image/png;base64,") == 1
    assert result.verdict in page and "deepgen experiment run" in page
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (tmp_path / link).stat().st_size
    assert f"## {result.name}\n" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("runner", CATALOG, ids=lambda runner: runner.experiment.name)
def test_the_documentation_shows_a_full_run_of_the_claim_as_it_stands(runner):
    about = runner.experiment
    heading, _, rest = PAGE.read_text().partition(f"## {about.name}\n")
    section = " ".join(rest.partition("\n## ")[0].split())
    assert about.claim in section and about.title in section and about.source in section
    assert f"`deepgen experiment run {about.name}`" in section
    found = re.findall(r"\| (supported|not supported|inconclusive|construction) \|", section)
    verdict = re.search(r"\*\*.*: ([a-z ]+)\.\*\*", section)[1]
    assert found and verdict == overall_verdict([SimpleNamespace(verdict=one) for one in found])
    assert re.search(rf"\[`{about.name}`\]\(#{about.name}\) .* \| {verdict} \|", heading)
