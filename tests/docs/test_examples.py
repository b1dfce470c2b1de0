"""The examples: each runs in its quick form with either library and draws a figure."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "docs" / "examples"
SCRIPTS = sorted(EXAMPLES.glob("plot_*.py"))


def run(script, *arguments, **environment):
    return subprocess.run(
        [sys.executable, script, "--quick", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error::UserWarning", **environment},
    )


@pytest.mark.parametrize("library", ["deepgen", "sklearn"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_example_draws_its_figure(script, library, tmp_path, request):
    plt = pytest.importorskip("matplotlib.pyplot")
    if "mnist" in script.name:
        request.getfixturevalue("shared_data")
    figure = tmp_path / "figure.png"
    done = run(script, "--library", library, "--out", str(figure))
    assert done.returncode == 0, done.stderr
    assert f"figure: {figure}" in done.stdout
    assert "accuracy" in done.stdout
    image = plt.imread(figure)
    # Something is drawn in each quarter of the figure.
    height, width = image.shape[0] // 2, image.shape[1] // 2
    for quarter in (image[:height, :width], image[height:, :width], image[:, width:]):
        assert quarter.std() > 0.05


def test_the_mnist_example_says_what_is_missing(tmp_path):
    pytest.importorskip("matplotlib")
    done = run(EXAMPLES / "plot_mnist_filters.py", DEEPGEN_DATA=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == f"skipped: {tmp_path / 'mnist.npz'} is missing\n"


def test_the_gallery_shows_every_example():
    gallery = (EXAMPLES / "README.md").read_text()
    for script in SCRIPTS:
        assert script.name in gallery
        assert f"figures/{script.stem}.png" in gallery
        assert (EXAMPLES / "figures" / f"{script.stem}.png").is_file()


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("mlflow", "the loaded models have the bits of the logged one"),
        ("optuna", "4 trials, "),
        ("shap", "their order agrees: rank correlation 0."),
    ],
)
def test_an_example_with_another_library_keeps_what_it_promises(library, words, tmp_path):
    pytest.importorskip(library, reason="the gate installs no such library")
    script = EXAMPLES / f"with_{library}.py"
    done = subprocess.run(
        [sys.executable, script, "--quick"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
