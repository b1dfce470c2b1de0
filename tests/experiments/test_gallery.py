"""Every experiment in quick form, and the page that shows them."""

import re

import pytest

from deepgen.experiments import CATALOG
from deepgen.experiments.gallery import write_gallery


@pytest.fixture(scope="module", params=CATALOG, ids=lambda runner: runner.experiment.name)
def result(request):
    return request.param(quick=True)


def test_a_quick_run_gives_table_interval_and_verdict(result):
    assert result.quick and result.table and result.findings
    assert result.verdict in {"supported", "not supported", "inconclusive"}
    assert result.interval in [finding.interval for finding in result.findings]
    assert len(result.seeds) == result.experiment.quick_seeds


def test_a_figure_has_labels_and_titles(result):
    figure = result.figure()
    drawn = [axes for axes in figure.axes if axes.has_data()]
    assert drawn
    for axes in drawn:
        if axes.axison and "colorbar" not in axes.get_label():
            assert axes.get_xlabel() or axes.get_title()


def test_the_gallery_shows_claim_figure_verdict_and_command(result, tmp_path):
    page = write_gallery([result], tmp_path).read_text()
    assert f'id="{result.name}"' in page
    assert page.count("data:image/png;base64,") == 1
    assert result.verdict in page and "deepgen experiment run" in page
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (tmp_path / link).stat().st_size
