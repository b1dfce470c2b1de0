import re
import subprocess
import sys

import numpy as np
import pytest

from deepgen import MLPRegressor, cli, load

pytestmark = pytest.mark.slow

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with two tables and a model of each, made as a user would."""
    place = tmp_path_factory.mktemp("tables")
    random = np.random.default_rng(0)
    n = 300
    table = pandas.DataFrame({
        "size": random.normal(size=n),
        "kind": random.choice(["a", "b", None], n),
        "constant": 1,
    })  # fmt: skip
    table.loc[::7, "size"] = np.nan
    table["price"] = 1e5 * (table["size"].fillna(0) + (table["kind"] == "a"))
    table["label"] = np.where(table["price"] > 0, "dear", "cheap")
    table.drop(columns="label").to_csv(place / "price.csv", index=False)
    table.drop(columns="price").to_csv(place / "label.csv", index=False)
    for target in ("price", "label"):
        arguments = ["fit", f"{place}/{target}.csv", "--target", target, "--epochs", "20"]
        assert cli.main([*arguments, "--out", f"{place}/{target}.dgn"]) == 0
    return place


@pytest.mark.parametrize("target", ["price", "label"])
def test_fit_predict_and_report_work_as_a_user_would_use_them(folder, target, capsys):
    model, data = f"{folder}/{target}.dgn", f"{folder}/{target}.csv"
    assert cli.main(["predict", model, data]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    lines = output.out.splitlines()
    assert lines[0] == target and len(lines) == 301
    assert cli.main(["predict", model, data, "--out", f"{folder}/out.csv"]) == 0
    assert (folder / "out.csv").read_text().splitlines() == lines
    pytest.importorskip("pyarrow")
    pandas.read_csv(data).to_parquet(folder / "in.parquet")
    arguments = ["predict", model, f"{folder}/in.parquet", "--out", f"{folder}/out.parquet"]
    assert cli.main(arguments) == 0
    written = pandas.read_parquet(folder / "out.parquet")
    assert written.to_csv(index=False).splitlines() == lines
    pytest.importorskip("matplotlib")
    page = folder / f"{target}.html"
    capsys.readouterr()
    assert cli.main(["report", model, data, "--out", str(page), "--max-time", "2"]) == 0
    output = capsys.readouterr()
    assert output.err == "" and "advice   " in output.out and "HistGradient" in output.out
    text = page.read_text()
    titles = re.findall("<h2>(.*?)</h2>", text)
    assert titles == [
        *("How good is the model?", "Which error is mine?", "Curvature, sharpness and flow"),
        *("Measures of generalization", "Lipschitz bracket", "Scores of the model itself"),
        "Course of training",
        *("Predictions", "Calibration", *(["Margins"] if target == "label" else [])),
        *("Linear regions", "Columns", "Data and model, column by column"),
    ]
    assert text.count("<details>") == text.count("</details>") == 2
    assert "very table that the model was trained on" in text
    # Self-contained: nothing is fetched.
    assert "http" not in re.sub(r'base64,[^"]*', "", text)


def test_fit_tells_what_became_of_the_columns(folder, capsys):
    arguments = ["fit", f"{folder}/price.csv", "--target", "price", "--epochs", "2"]
    assert cli.main([*arguments, "--out", f"{folder}/again.dgn"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "left out, empty or constant: constant\n" in output.out and "R2" in output.out


def test_same_seed_same_predictions(folder, capsys):
    outputs = []
    for _ in range(2):
        arguments = ["fit", f"{folder}/label.csv", "--target", "label", "--epochs", "3"]
        cli.main([*arguments, "--out", f"{folder}/seeded.dgn"])
        capsys.readouterr()
        cli.main(["predict", f"{folder}/seeded.dgn", f"{folder}/label.csv", "--probabilities"])
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("label,probability of cheap,probability of dear\n")


@pytest.mark.parametrize("target", ["price", "label"])
def test_load_and_predict_give_the_same(folder, target, capsys):
    table = pandas.read_csv(folder / f"{target}.csv", dtype={"kind": str})
    model = load(folder / f"{target}.dgn")
    assert cli.main(["predict", f"{folder}/{target}.dgn", f"{folder}/{target}.csv"]) == 0
    printed = pandas.DataFrame({target: model.predict(table)}).to_csv(index=False)
    assert printed == capsys.readouterr().out


def test_targets_far_from_zero_keep_their_digits(folder, capsys):
    table = pandas.DataFrame({"size": np.linspace(-1, 1, 200)})
    table["time"] = 1.7e9 + 100 * table["size"]
    table.to_csv(folder / "time.csv", index=False)
    data, model = f"{folder}/time.csv", f"{folder}/time.dgn"
    assert cli.main(["fit", data, "--target", "time", "--epochs", "20", "--out", model]) == 0
    capsys.readouterr()
    assert cli.main(["predict", model, data, "--out", f"{folder}/times.csv"]) == 0
    written = pandas.read_csv(folder / "times.csv")["time"]
    # Float32 has a number every 128 there. Predictions are clipped to the range of the targets that
    # trained, so the outermost may be equal.
    assert written.nunique() > 0.9 * len(table)
    assert np.array_equal(written, load(model).predict(table))


def test_a_table_without_target_has_a_report_without_predictions(folder, capsys):
    pytest.importorskip("matplotlib")
    table = pandas.read_csv(folder / "price.csv").drop(columns="price")
    table.to_csv(folder / "x.csv", index=False)
    assert cli.main(["report", f"{folder}/price.dgn", f"{folder}/x.csv", "--out",
                     f"{folder}/x.html"]) == 0  # fmt: skip
    text = (folder / "x.html").read_text()
    assert "no target" in text and "<h2>Predictions" not in text


@pytest.mark.parametrize("arguments, words", [
    (["fit", "none.csv", "--target", "y"], "cannot read none.csv"),
    (["fit", "{f}/price.csv", "--target", "prize"], "'price'. Did you mean 'price'?"),
    (["fit", "{f}/price.csv", "--target", "price", "--task", "sort"], "unknown task 'sort'"),
    (["fit", "{f}/price.csv", "--target", "price", "--out", "/no/m"], "there is no folder"),
    (["fit", "{f}/label.csv", "--target", "label", "--task", "regression"], "needs numbers"),
    (["fit", "{f}/id.csv", "--target", "id"], "no class of column 'id' repeats"),
    (["fit", "{f}/long.csv", "--target", "y"], "line 2 has 4 fields"),
    (["fit", "{f}/twice.csv", "--target", "y"], "columns 1 and 3"),
    (["predict", "{f}/price.dgn", "{f}/blank.csv"], "column 1 has no name"),
    (["report", "{f}/price.dgn", "{f}/long.csv", "--out", "{f}/r"], "line 2 has 4 fields"),
    (["predict", "{f}/price.csv", "{f}/price.csv"], "it is no model of deepgen"),
    (["predict", "{f}/none.dgn", "{f}/price.csv"], "cannot read"),
    (["predict", "{f}/bare.dgn", "{f}/price.csv"], "without a target"),
    (["predict", "{f}/price.dgn", "{f}/price.csv", "--probabilities"], "not classes"),
    (["predict", "{f}/price.dgn", "{f}/price.csv", "--out", "/no/p"], "cannot write /no/p"),
    (["predict", "{f}/price.dgn", "{f}/few.csv"], "the table lacks 'kind'"),
    (["report", "{f}/price.dgn", "{f}/price.csv", "--out", "/no/r"], "there is no folder"),
    (["report", "{f}/price.dgn", "{f}/few.csv", "--out", "{f}/r"], "the table lacks 'kind'"),
])  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2(folder, arguments, words, capsys):
    (folder / "few.csv").write_text("size\n1\n")
    (folder / "long.csv").write_text("a,b,y\n" + "1,2,3,4\n" * 20)
    (folder / "twice.csv").write_text("y,b,y\n" + "1,2,3\n" * 20)
    (folder / "blank.csv").write_text(",size,kind\n0,1,a\n")
    (folder / "id.csv").write_text("id,x\n" + "".join(f"n{i},{i}\n" for i in range(20)))
    MLPRegressor(solver="lbfgs", tol=1.0).fit([[0.0], [1.0]], [0, 1]).save(folder / "bare.dgn")
    assert cli.main([word.format(f=folder) for word in arguments]) == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1 and words in output.err


@pytest.mark.parametrize("option, word", [
    ("--hidden", "0"),
    ("--hidden", "8,x"),
    ("--hidden", "9" * 30),
    ("--epochs", "x"),
    ("--epochs", "0"),
    ("--seed", "-1"),
])  # fmt: skip
def test_numbers_that_make_no_sense_are_one_line_and_exit_code_2(folder, option, word, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["fit", f"{folder}/price.csv", "--target", "price", option, word])
    assert stop.value.code == 2
    output = capsys.readouterr()
    assert output.out == "" and output.err.count("\n") == 1
    least, got = int(option != "--seed"), word.split(",")[-1]
    wanted = f"takes whole numbers from {least} to 2147483647, got '{got}'"
    assert output.err == f"deepgen fit: error: argument {option}: {wanted}\n"


def test_too_little_memory_is_one_line_and_exit_code_2(folder, monkeypatch, capsys):
    def fit_table(*arguments, **settings):
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr("deepgen.tables.fit.fit_table", fit_table)
    assert cli.main(["fit", f"{folder}/price.csv", "--target", "price", "--out",
                     f"{folder}/m.dgn"]) == 2  # fmt: skip
    words = "deepgen fit: error: not enough memory: Unable to allocate 9 GiB\n"
    assert capsys.readouterr().err == words


def test_a_reader_that_leaves_is_no_error(folder):
    command = [sys.executable, "-m", "deepgen", "predict"]
    with subprocess.Popen(
        [*command, f"{folder}/price.dgn", f"{folder}/price.csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0


def test_fit_shows_epochs_on_a_terminal(folder, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    arguments = ["fit", f"{folder}/price.csv", "--target", "price", "--epochs", "5"]
    assert cli.main([*arguments, "--out", f"{folder}/again.dgn"]) == 0
    output = capsys.readouterr()
    # It is drawn ten times a second at most.
    assert "epoch 1/5" in output.err and "\x1b" not in output.out
    # The line about the fit is printed once, by the command.
    assert output.out.count("held-out RMSE") == 1
