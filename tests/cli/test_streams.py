"""Standard streams that are closed, full or read-only: one line and exit code 2, no traceback."""

import subprocess
import sys

import numpy as np
import pytest

from deepgen import cli

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table whose classes look like formulas, and a model of it."""
    place = tmp_path_factory.mktemp("streams")
    x = np.linspace(-1, 1, 60)
    names = np.where(x > 0.3, "$5 to $9", np.where(x > -0.3, "$10_^{", "a$b"))
    pandas.DataFrame({"x": x, "y": names}).to_csv(place / "t.csv", index=False)
    words = ["fit", f"{place}/t.csv", "--target", "y", "--epochs", "2", "--out", f"{place}/t.dgn"]
    assert cli.main(words) == 0
    return place


def test_a_report_shows_classes_with_dollar_signs_as_they_are(folder):
    pytest.importorskip("matplotlib")
    from deepgen._display.style import new_figure
    from deepgen.report import ReportData
    from deepgen.report.predictions import predictions

    page = f"{folder}/r.html"
    assert (
        cli.main(["report", "--max-time", "2", f"{folder}/t.dgn", f"{folder}/t.csv", "--out", page])
        == 0
    )
    table = pandas.read_csv(folder / "t.csv")
    from deepgen import load

    figure = new_figure(predictions(ReportData(load(folder / "t.dgn"), table, "t").judged).draw)
    ticks = figure.axes[0].get_xticklabels()
    shown = [tick._preprocess_math(tick.get_text()) for tick in ticks]
    assert shown == [("$10_^{", False), ("$5 to $9", False), ("a$b", False)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
@pytest.mark.parametrize(
    ("words", "redirection", "status", "said"),
    [
        ("predict t.dgn t.csv", ">&-", 2, "predict: error: standard output is closed; give --out"),
        ("info", ">&-", 2, "info: error: standard output is closed\n"),
        ("predict t.dgn t.csv", ">/dev/full", 2, "cannot write <stdout>: No space left on device"),
        ("info", ">/dev/full", 2, "info: error: cannot use standard output: No space left"),
        ("predict t.dgn t.csv", "1</dev/null", 2, "cannot write <stdout>: Bad file descriptor"),
        ("predict t.dgn t.csv --out p.csv", ">&-", 0, ""),
        ("predict t.dgn none.csv", "2>&-", 2, ""),
    ],
)
def test_streams_that_cannot_be_written_are_one_line(folder, words, redirection, status, said):
    run = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m deepgen {words} {redirection}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == status
    assert run.stdout == "" and run.stderr.count("\n") == bool(said) and said in run.stderr
