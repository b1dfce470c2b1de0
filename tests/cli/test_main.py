import subprocess
import sys

import numpy as np
import pytest

import deepgen
from deepgen import _core, cli
from deepgen.cli import demo_report

RUN = [sys.executable, "-m", "deepgen"]


def test_info_tells_version_simd_threads_and_build(capsys):
    assert cli.main(["info"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"deepgen {deepgen.__version__}\n")
    for word in ("SIMD path", _core.simd_paths()[0], "threads", "CUDA", "build compiler"):
        assert word in text


def test_info_honours_a_forced_simd_path(monkeypatch):
    monkeypatch.setenv("DEEPGEN_SIMD", "portable")
    output = subprocess.run([*RUN, "info"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("SIMD path"))
    assert line.split()[2] == "portable"


def test_an_unknown_simd_path_is_one_line_and_exit_code_2(monkeypatch):
    monkeypatch.setenv("DEEPGEN_SIMD", "abacus")
    result = subprocess.run([*RUN, "info"], capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1 and "abacus" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["dance"], ["demo", "--speed"], ["info", "now"]])
def test_bad_input_is_one_line_and_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("deepgen") and captured.err.count("\n") == 1


def test_a_reader_that_leaves_is_no_error():
    with subprocess.Popen([*RUN, "info"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


@pytest.mark.slow
def test_demo_trains_both_estimators_and_keeps_silent_in_a_pipe(monkeypatch, capsys):
    monkeypatch.setitem(demo_report.SETTINGS, "max_iter", 3)
    assert cli.main(["demo"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    for word in ("deepgen.MLPRegressor", "deepgen.MLPClassifier", "R2", "accuracy", "seconds"):
        assert word in captured.out
    assert captured.out.count("sklearn.neural_network") == 2


@pytest.mark.slow
def test_demo_shows_progress_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setitem(demo_report.SETTINGS, "max_iter", 1)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert cli.main(["demo"]) == 0
    captured = capsys.readouterr()
    assert "fitting deepgen.MLPRegressor" in captured.err
    assert "\x1b" not in captured.out


@pytest.mark.slow
def test_demo_scores_like_scikit_learn():
    housing, digits = demo_report.run_demo()
    for report, floor in ((housing, 0.7), (digits, 0.9)):
        ours, theirs = (np.mean(row.scores) for row in report.rows)
        assert ours > floor
        # Both draw their own batches and validation rows, hence the slack.
        assert ours > theirs - 0.03
