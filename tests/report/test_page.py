from html.parser import HTMLParser

import numpy as np
import pytest

from deepgen.estimators.held_out import held_out_rows
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
    folded = [title for title, folded in tags.headings if folded]
    assert folded == ["Measures of generalization", titles[-1]]
    assert titles[-1] == "Data and model, column by column"
    text = (tmp_path / "page.html").read_text()
    for said in (
        "HistGradientBoosting",
        "taken off by twice the rows",
        "&lt;b&gt;size &amp; price",
        "24 rows of &lt;a&gt;.csv that training held out",
        "score lost without it",
        "rise of the loss in a ball",
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


def test_a_table_that_is_new_is_judged_whole_and_by_all_members(fitted):
    model, table = fitted
    new = ReportData(model, table[:100], "new.csv", 30.0).judged
    assert new.n_rows == 100 and new.model is model.estimator and new.where == "100 rows of new.csv"
    assert new.share == 0.5
    own = ReportData(model, table, "own.csv").judged
    assert own.n_rows == 24 and not own.seen and own.share == 1.0
    rows = held_out_rows(model.network, model.encoder.transform(model.columns(table)), own_y(table))
    assert own.y.tolist() == own_y(table)[rows].tolist()


def own_y(table):
    return table["<i>y</i>"].to_numpy()


def test_rows_that_no_network_held_out_are_said_to_be_seen(fitted, monkeypatch):
    from deepgen.report.scores import scores

    monkeypatch.setattr("deepgen.report.report_data.held_out_rows", lambda *rows: None)
    model, table = fitted
    judged = ReportData(model, table, "own.csv").judged
    assert judged.seen and judged.n_rows == 120
    assert scores(judged).points == [
        "The model was trained on these rows: on new ones it is worse."
    ]


def test_measures_of_sharpness_are_left_out_where_they_take_long(fitted, monkeypatch):
    from deepgen.report.measures import measures

    monkeypatch.setattr("deepgen.report.measures.WORK", 1.0)
    section = measures(ReportData(*fitted, "own.csv"))
    names = [row["measure"] for row in section.table]
    assert "spectral_product" in names and "sam_sharpness" not in names
    assert "were left out" in section.paragraphs[1]
    monkeypatch.setattr("deepgen.report.measures.MOST_PARAMETERS", 1)
    assert measures(ReportData(*fitted, "own.csv")).paragraphs[0].startswith("Left out: ")


def test_a_section_is_open_by_default():
    assert Section("Data").folded is False
