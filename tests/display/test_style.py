"""One style for all figures that the package makes, and none for the axes of a user."""

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest

import deepgen
from deepgen._display.style import BLUE, RC_PARAMS
from deepgen.expressivity import TrajectoryLength

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

LENGTHS = TrajectoryLength(np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0]), 3)


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def plots():
    """Every function and method of the package that plots, by its name."""
    found = {}
    for module in pkgutil.walk_packages(deepgen.__path__, "deepgen."):
        if module.name.endswith("__main__") or "._" in module.name:
            continue
        for thing in vars(import_module(module.name)).values():
            members = vars(thing).values() if inspect.isclass(thing) else [thing]
            for member in members:
                if inspect.isfunction(member) and member.__name__.startswith("plot"):
                    found[member.__qualname__] = member
    return found


def test_every_plot_has_the_style():
    found = plots()
    assert {"LinearPath.plot", "Decomposition.plot", "LossSurface.plot"} <= found.keys()
    for name, plot in {**found, "plot_history": deepgen.plot_history}.items():
        assert inspect.unwrap(plot) is not plot, f"{name} lacks @in_style"


def test_new_axes_have_the_style_and_leave_none_behind():
    before = matplotlib.rcParams.copy()
    axes = LENGTHS.plot()
    assert matplotlib.rcParams == before
    assert tuple(axes.figure.get_size_inches()) == RC_PARAMS["figure.figsize"]
    assert axes.xaxis.label.get_size() == RC_PARAMS["axes.labelsize"]
    assert axes.get_xticklabels()[0].get_size() == RC_PARAMS["font.size"]
    assert axes.lines[0].get_color() == BLUE
    assert axes.lines[0].get_linewidth() == RC_PARAMS["lines.linewidth"]
    assert not axes.spines["top"].get_visible()


def test_the_axes_of_a_user_keep_their_style():
    for call in (LENGTHS.plot, lambda ax: LENGTHS.plot(ax=ax)):
        given = plt.figure().subplots()
        axes = call(given)
        assert axes is given and axes.spines["top"].get_visible()
        assert axes.lines[0].get_linewidth() == matplotlib.rcParams["lines.linewidth"]
