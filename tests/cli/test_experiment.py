import pytest

from deepgen import cli
from deepgen.experiments import CATALOG


def test_list_shows_every_experiment_with_its_claim(capsys):
    assert cli.main(["experiment", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CATALOG)
    for line, runner in zip(lines, CATALOG, strict=True):
        assert line.split()[0] == runner.experiment.name and line.endswith(runner.experiment.claim)


@pytest.mark.parametrize("columns", ["20", "60", "100", "1000"])
def test_the_list_fits_a_terminal_of_any_width(columns, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    assert cli.main(["experiment", "list"]) == 0
    text = capsys.readouterr().out
    longest = max(len(runner.experiment.name) for runner in CATALOG)
    assert max(map(len, text.splitlines())) <= max(int(columns), longest)
    told = " ".join(f"{one.experiment.name} {one.experiment.claim}" for one in CATALOG)
    assert text.split() == told.split()
    starts = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    assert starts == [runner.experiment.name for runner in CATALOG]


@pytest.mark.slow
def test_run_prints_and_saves_and_keeps_silent_in_a_pipe(tmp_path, capsys):
    words = ["experiment", "run", "mlp_loss", "--quick", "--seeds", "2", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "verdict: " in captured.out and "seeds:   2 seeds" in captured.out
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".json", ".png", ".svg"}


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert cli.main(["experiment", "run", "mlp_loss", "--quick", "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert "\r" in captured.err and "\x1b" not in captured.out


@pytest.mark.slow
def test_the_gallery_is_one_page(tmp_path, capsys):
    words = ["experiment", "gallery", "mlp_loss", "--quick", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    assert "index.html" in capsys.readouterr().out
    assert "<img" in (tmp_path / "index.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "nope"], "unknown experiment 'nope'; known: "),
        (["run", "mlp_los"], "Did you mean 'mlp_loss'?"),
        (["gallery", "nope"], "unknown experiment 'nope'; known: "),
        (["run", "mlp_loss", "--seeds", "0"], "seeds must be at least 1"),
        (["run", "mlp_loss", "--seeds", "1,1"], "distinct integers"),
        (["run", "mlp_loss", "--jobs", "0"], "n_jobs must be"),
        (["run", "mlp_loss", "--out", "/dev/null/x"], "cannot make the folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["experiment", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and message in captured.err


@pytest.mark.parametrize("option", ["--seeds", "--jobs"])
def test_a_word_that_is_no_number_is_told_by_its_option(option, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["experiment", "run", "mlp_loss", option, "few"])
    assert stop.value.code == 2
    wanted = f"error: argument {option}: takes a whole number, got 'few'\n"
    assert capsys.readouterr().err == f"deepgen experiment run: {wanted}"


@pytest.mark.parametrize("words", [[], ["dance"], ["run"], ["list", "now"]])
def test_unusable_words_are_one_line_and_exit_code_2(words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["experiment", *words])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
