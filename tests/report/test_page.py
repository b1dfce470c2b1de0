from html.parser import HTMLParser

import numpy as np
import pytest

from deepgen.report import ReportData, write_report
from deepgen.report.section import Section

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

VOID = {"meta", "img"}
NAME = "<b>size & price</b>"


class Tags(HTMLParser):
    """Check that every tag is closed in order, and gather the headings."""

    def __init__(self):
        super().__init__()
        self.open, self.headings = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        assert tag not in ("b", "script")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["h2"]:
            self.headings.append((data, "details" in self.open))


@pytest.fixture(scope="module")
def fitted():
    from deepgen.tables.fit import fit_table

    random = np.random.default_rng(0)
    table = pandas.DataFrame({NAME: random.normal(size=120), "town": ["Ulm", "Bonn"] * 60})
    table["<i>y</i>"] = table[NAME] + (table["town"] == "Ulm") + 0.3 * random.normal(size=120)
    settings = {"preset": "fast", "max_iter": 3, "hidden_layer_sizes": (8,)}
    return fit_table(table, "<i>y</i>", **settings), table


def test_the_page_is_well_formed_in_order_and_escapes_names(fitted, tmp_path):
    seen = []
    model, table = fitted
    data = ReportData(model, table, "<a>.csv", 5.0, lambda *step: seen.append(step))
    write_report(data, tmp_path / "page.html")
    tags = Tags()
    tags.feed((tmp_path / "page.html").read_text())
    assert tags.open == []
    titles = [title for title, _ in tags.headings]
    assert titles[:3] == [
        *("How good is the model?", "Which error is mine?", "Curvature, sharpness and flow")
    ]
    assert [title for title, folded in tags.headings if folded] == [titles[-1]]
    assert titles[-1] == "Data and model, column by column"
    text = (tmp_path / "page.html").read_text()
    for said in (
        "HistGradientBoosting",
        "taken off by twice the rows",
        "&lt;b&gt;size &amp; price",
    ):
        assert said in text
    assert {"learning curve", "cross-validation"} <= {what for what, _, _ in seen}
    assert all(done <= total for _, done, total in seen)


def test_a_table_without_targets_says_so(fitted):
    from deepgen.report.curvature import curvature
    from deepgen.report.how_good import how_good
    from deepgen.report.whose_error import whose_error

    model, table = fitted
    data = ReportData(model, table.drop(columns="<i>y</i>"), "new.csv")
    assert how_good(data).paragraphs == ["This table has no target '<i>y</i>' to measure with."]
    assert whose_error(data) is None and curvature(data) is None


def test_what_is_refused_is_told(fitted, monkeypatch):
    from deepgen.report.how_good import how_good

    def refuse(*args, **kwargs):
        raise ValueError("no")

    monkeypatch.setattr("deepgen.report.report_data.which_error", refuse)
    model, table = fitted
    assert how_good(ReportData(model, table, "t.csv")).paragraphs == ["Not measured: no."]


def test_a_section_is_open_by_default():
    assert Section("Data").folded is False
