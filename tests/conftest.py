"""Fixtures that every test may use, and the profiles of the property tests."""

import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

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
