"""`deepgen fit` on Parquet files with validation rows of their own."""

import numpy as np
import pandas as pd
import pytest

from deepgen import cli, load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of files, and a table of rows to hold out."""
    place = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    n = 600
    table = pd.DataFrame({"size": random.normal(size=n), "kind": random.choice(["a", "b"], n)})
    table.loc[::7, "size"] = np.nan
    table["price"] = 1e5 * (table["size"].fillna(0) + (table["kind"] == "a"))
    table["label"] = np.where(table["price"] > 0, "dear", "cheap")
    table["large"] = table["price"] > 5e4
    table["level"] = np.digitize(table["price"], [-1e5, 1e5])
    (place / "rows").mkdir()
    for number in range(4):
        part = table[number * 100 : number * 100 + 100]
        part.to_parquet(place / "rows" / f"rows-{number}.parquet", row_group_size=30)
    table[400:].to_csv(place / "held-out.csv", index=False)
    return place


@pytest.mark.parametrize("target", ["price", "label", "large", "level"])
def test_fit_predict_and_report_after_a_fit_on_files(folder, target, capsys):
    others = {"price", "label", "large", "level"} - {target}
    drop = [word for name in sorted(others) for word in ("--drop", name)]
    held_out, model = f"{folder}/held-out.csv", f"{folder}/{target}.dgn"
    arguments = ["fit", f"{folder}/rows", "--validation", held_out, "--target", target]
    assert cli.main([*arguments, *drop, "--epochs", "20", "--out", model]) == 0
    output = capsys.readouterr()
    assert output.err == "" and "note" not in output.out
    assert "table    rows: 600 rows, 6 columns" in output.out
    assert "on 400 rows that trained" in output.out
    assert "on 200 rows held out" in output.out
    assert cli.main(["predict", model, held_out]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == target and len(lines) == 201
    truth = pd.read_csv(held_out)[target].astype(str)
    if target != "price":
        assert np.mean(truth == lines[1:]) > 0.9
    assert load(model).metadata["rows"]["training"] == 400
    if target not in ("price", "large"):
        return
    page = f"{folder}/{target}.html"
    assert cli.main(["report", model, held_out, "--out", page, "--max-time", "1"]) == 0


def test_a_pattern_has_the_bits_of_the_folder(folder):
    models = []
    for name, path in (("folder", "rows"), ("pattern", "rows/rows-*.parquet")):
        out = f"{folder}/{name}.dgn"
        arguments = ["fit", f"{folder}/{path}", "--target", "price", "--drop", "label"]
        arguments += ["--validation", f"{folder}/held-out.csv", "--epochs", "3", "--out", out]
        assert cli.main(arguments) == 0
        models.append(load(out).network.network_.parameters)
    assert np.array_equal(*models)


def fit(capsys, rows, held_out, *more):
    """Run a short fit, and return its exit code and its errors."""
    out = held_out.parent / "columns.dgn"
    out.unlink(missing_ok=True)
    arguments = ["--validation", f"{held_out}", "--epochs", "1", "--out", f"{out}", *more]
    code = cli.main(["fit", f"{rows}", "--target", "price", *arguments])
    assert out.exists() == (code == 0)
    return code, capsys.readouterr().err


@pytest.mark.parametrize("lost", [["kind"], ["size"], ["kind", "label"]])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_that_validation_rows_lack_are_not_dropped_silently(folder, lost, ending, capsys):
    held_out = folder / f"few.{ending}"
    few = pd.read_csv(folder / "held-out.csv").drop(columns=lost)
    few.to_csv(held_out, index=False) if ending == "csv" else few.to_parquet(held_out)
    code, error = fit(capsys, folder / "rows", held_out)
    names = ", ".join(f"'{name}'" for name in lost)
    assert code == 2
    assert f"the files have {names}, which the validation rows lack" in error and "--drop" in error
    drop = [word for name in lost for word in ("--drop", name)]
    assert fit(capsys, folder / "rows", held_out, *drop) == (0, "")
    assert {*lost}.isdisjoint(load(folder / "columns.dgn").encoder.feature_names_in_)


def test_columns_of_one_file_and_of_folders_are_not_dropped_silently(folder, capsys):
    held_out = folder / "held-out.csv"
    where = folder / "other"
    where.mkdir()
    table = pd.read_parquet(folder / "rows")
    table[:100].to_parquet(where / "0.parquet")
    table[100:].assign(late=1.0).to_parquet(where / "1.parquet")
    code, error = fit(capsys, where, held_out)
    assert code == 2 and "the files have 'late', which the validation rows lack" in error
    assert fit(capsys, where, held_out, "--drop", "late") == (0, "")
    table.assign(year=np.arange(400) % 2).to_parquet(folder / "years", partition_cols=["year"])
    code, error = fit(capsys, folder / "years", held_out)
    assert code == 2 and "the files have 'year', which the validation rows lack" in error
    dated = folder / "dated.csv"
    pd.read_csv(held_out).assign(year=0).to_csv(dated, index=False)
    code, error = fit(capsys, folder / "years", dated)
    assert code == 2 and "no column 'year'. It is in the names of folders" in error
    assert fit(capsys, folder / "years", dated, "--drop", "year") == (0, "")
    # An index of pandas is no column of a table.
    table.sample(300, random_state=0).to_parquet(folder / "mixed.parquet")
    assert fit(capsys, folder / "mixed.parquet", held_out) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rows"], "stands for several files, of which no rows can be held out; give --valid"),
        (["rows/*.parquet"], "stands for several files"),
        (["rows", "--validation", "none.csv"], "none.csv"),
        (["nowhere", "--validation", "held-out.csv"], "there is no file or folder"),
        (["rows", "--validation", "held-out.csv", "--drop", "x"], "no column 'x' to drop"),
        (["rows", "--validation", "held-out.csv", "--drop", "kinds"], "Did you mean 'kind'?"),
        (["rows", "--validation", "held-out.csv", "--max-time", "3"], "limit the epochs"),
        (["held-out.csv", "--validation", "held-out.csv"], "cannot be read as Parquet"),
    ],
)
def test_wrong_arguments_get_one_line(folder, arguments, words, capsys):
    paths = [f"{folder}/{word}" if not word.startswith("-") else word for word in arguments]
    if "--drop" in arguments or "--max-time" in arguments:
        paths[-1] = arguments[-1]
    code = cli.main(["fit", *paths, "--target", "price", "--out", f"{folder}/no.dgn"])
    output = capsys.readouterr()
    assert code == 2
    assert words in output.err and len(output.err.splitlines()) == 1
    assert not (folder / "no.dgn").exists()
