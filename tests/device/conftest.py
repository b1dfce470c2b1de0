"""Fixtures of the tests that run CUDA code on the CPU."""

import pytest

from device import emulation


@pytest.fixture(scope="session")
def emulated_plugin():
    """Path of the plugin, compiled for the CPU."""
    return emulation.emulated_plugin()


@pytest.fixture
def on_emulator(emulated_plugin, monkeypatch):
    """Let ``device='cuda'`` run on the emulator."""
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(emulated_plugin))
