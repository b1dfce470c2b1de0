import subprocess
import sys

import numpy as np
import pytest
from device.fakes import fake_plugin

import deepgen
from deepgen import _core, cli
from deepgen._engine import device
from deepgen.cli import demo_report

RUN = [sys.executable, "-m", "deepgen"]


def test_info_tells_version_simd_threads_and_build(capsys):
    assert cli.main(["info"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"deepgen {deepgen.__version__}\n")
    for word in ("SIMD path", _core.simd_paths()[0], "threads", "CUDA", "build compiler"):
        assert word in text


def lines_of_info(capsys):
    assert cli.main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    return {line[:13].strip(): line[13:].strip() for line in lines if line.startswith("CUDA")}


def test_info_says_where_the_plugin_is_and_what_devices_there_are(capsys, monkeypatch, tmp_path):
    path = fake_plugin(tmp_path)
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(path))
    monkeypatch.setenv("FAKE_DEVICES", "2")
    monkeypatch.setattr(device, "driver_version", lambda: "580.95.05")
    lines = lines_of_info(capsys)
    assert lines["CUDA"] == f"{path}, built for a fake"
    assert lines["CUDA device 1"] == (
        "Fake 1, compute capability 9.0, 132 multiprocessors, driver 580.95.05 for CUDA 13.0, "
        "130.4 of 139.7 GiB free"
    )
    assert "CUDA device 2" not in lines


def test_info_says_which_device_cannot_be_used(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(fake_plugin(tmp_path)))
    monkeypatch.setenv("FAKE_MAJOR", "6")
    line = lines_of_info(capsys)["CUDA device 0"]
    assert line.endswith("; cannot be used: the fake's compute capability is too low")


def test_info_says_what_cuda_lacks(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(fake_plugin(tmp_path)))
    monkeypatch.setenv("FAKE_REASON", "1")
    lines = lines_of_info(capsys)
    assert lines["CUDA"].endswith("built for a fake")
    assert lines["CUDA devices"].startswith("device='cuda' needs NVIDIA's driver")
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", "/nowhere/plugin.so")
    assert "not DEEPGEN_CUDA_PLUGIN=/nowhere/plugin.so" in lines_of_info(capsys)["CUDA"]


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
