"""No command writes over a file that it reads."""

import os

import numpy as np
import pytest

from deepgen import cli

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a table in several forms and a model of it."""
    place = tmp_path_factory.mktemp("outputs")
    size = np.random.default_rng(0).normal(size=80)
    table = pandas.DataFrame({"size": size, "price": 2 * size})
    table.to_csv(place / "table.csv", index=False)
    (place / "rows" / "deep").mkdir(parents=True)
    table[:40].to_parquet(place / "rows" / "a.parquet")
    table[40:].to_parquet(place / "rows" / "deep" / "b.parquet")
    fit = ["fit", f"{place}/table.csv", "--target", "price", "--epochs", "2"]
    assert cli.main([*fit, "--out", f"{place}/model.dgn"]) == 0
    return place


FILES = ["--target", "price", "--epochs", "1", "--validation", "table.csv"]
COMMANDS = {
    "export to c": (["export", "model.dgn", "--to", "c"], "model.dgn"),
    "export to onnx": (["export", "model.dgn", "--to", "onnx"], "model.dgn"),
    "predict, model": (["predict", "model.dgn", "table.csv"], "model.dgn"),
    "predict, table": (["predict", "model.dgn", "table.csv"], "table.csv"),
    "report, model": (["report", "model.dgn", "table.csv", "--max-time", "1"], "model.dgn"),
    "report, table": (["report", "model.dgn", "table.csv", "--max-time", "1"], "table.csv"),
    "fit": (["fit", "table.csv", "--target", "price", "--epochs", "1"], "table.csv"),
    "fit, validation": (["fit", "rows", *FILES], "table.csv"),
    "fit, file": (["fit", "rows/a.parquet", *FILES], "rows/a.parquet"),
    "fit, folder": (["fit", "rows", *FILES], "rows/deep/b.parquet"),
    "fit, pattern": (["fit", "rows/*.parquet", *FILES], "rows/a.parquet"),
}


@pytest.mark.parametrize("under", ["its name", "another name", "a link", "its whole path"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_read_is_not_replaced(command, under, made, monkeypatch, capsys):
    if "report" in command:
        pytest.importorskip("jinja2")
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(made)
    arguments, read = COMMANDS[command]
    out = {
        "its name": read,
        "another name": f"rows/../{read}",
        "a link": "link",
        "its whole path": str(made / read),
    }[under]
    if under == "a link":
        os.symlink(read, "link")
    before = (made / read).read_bytes()
    try:
        assert cli.main([*arguments, "--out", out]) == 2
    finally:
        if under == "a link":
            os.unlink("link")
    assert f"cannot write {out}: the command reads this file" in capsys.readouterr().err
    assert (made / read).read_bytes() == before


def test_a_file_beside_them_is_replaced(made, monkeypatch, capsys):
    monkeypatch.chdir(made)
    for name in ("rows/a.c", "model.c"):
        for _ in range(2):
            assert cli.main(["export", "model.dgn", "--to", "c", "--out", name]) == 0
    assert cli.main(["fit", "rows", *FILES, "--out", "rows/model.dgn"]) == 0
