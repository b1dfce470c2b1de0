"""Fixtures that every test may use, and the profiles of the property tests."""

import signal
from pathlib import Path

import numpy as np
import pytest
from device import emulation
from hypothesis import HealthCheck, settings

from deepgen import _core

# Started in the background of a shell, a program ignores Ctrl-C, and so would all it starts; there
# are tests that press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent

# A deadline would turn a busy machine into a failure.
settings.register_profile("deepgen", deadline=None)
# Code under a sanitizer runs many times slower; --hypothesis-profile=sanitizer asks for this one.
settings.register_profile(
    "sanitizer", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deepgen")


def cases_of(item):
    """What each ``parametrize`` and each fixture with parameters gave to a test, by its names."""
    case = getattr(item, "callspec", None)
    params = dict(case.params) if case else {}
    together = []
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0]
        together.append(names.replace(",", " ").split() if isinstance(names, str) else names)
    alone = [[name] for name in params if not any(name in names for names in together)]
    # Of a list of parameters the very same objects come again.
    return {
        tuple(names): tuple(id(params.get(name)) for name in names) for names in together + alone
    }


def choose(items, apart):
    """Of each test's cases those in which something is given to it for the first time.

    The parameter ``apart`` is kept apart: with each of its values all others are given.
    """
    seen = set()
    chosen = []
    for item in items:
        cases = cases_of(item)
        test = (item.nodeid.partition("[")[0], cases.pop((apart,), None))
        new = {(test, *case) for case in cases.items()} or {test}
        if not new <= seen:
            seen |= new
            chosen.append(item)
    return chosen


def pytest_collection_modifyitems(items):
    """Give tests their tier by the values of their parameters (CONTRIBUTING.md, "Tiers")."""
    best = _core.simd_paths()[0]

    def value(item, name, default):
        return item.callspec.params.get(name, default) if hasattr(item, "callspec") else default

    on_best_path = [item for item in items if value(item, "simd", best) == best]
    quick = set(choose(on_best_path, "dtype"))
    for item in items:
        if item not in quick:
            item.add_marker("slow")
    for item in choose(items, "simd"):
        item.add_marker("sample")


@pytest.fixture
def rng():
    """A NumPy generator with a fixed seed, fresh for each test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real tables beside the checkout; skips where it is missing."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: the folder shared/data is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def emulated_plugin():
    """Path of the plugin for device='cuda', compiled for the CPU."""
    return emulation.emulated_plugin()


@pytest.fixture
def on_emulator(emulated_plugin, monkeypatch):
    """Let ``device='cuda'`` run on the emulator."""
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(emulated_plugin))
