"""What the plugin says about devices, by the unchanged source on the emulator's runtime."""

import pytest

from deepgen import _core
from deepgen._engine.device import DeviceError, usable_plugin

pytestmark = pytest.mark.usefixtures("on_emulator")


def test_the_plugin_describes_the_device(emulated_plugin):
    plugin = _core.Plugin(str(emulated_plugin))
    assert plugin.built_for == "emulated"
    assert plugin.n_devices() == 1
    device = plugin.describe(0)
    assert (device.name, device.compute_capability, device.refusal) == ("emulated", (9, 0), "")
    assert device.n_multiprocessors == 132
    assert 0 < device.free_memory <= device.memory
    assert device.driver == device.runtime


def test_a_device_that_is_not_there_is_an_error():
    with pytest.raises(_core.DeviceError) as caught:
        usable_plugin().describe(1)
    assert caught.value.args[0] == "failed"


@pytest.mark.parametrize(
    "fault, words",
    [
        ("no_driver", "needs NVIDIA's driver, and none was found: the library libcuda is not"),
        ("old_driver", "is installed: it knows CUDA 12.*, the plugin was built with CUDA 13.0; "),
        ("no_device", "needs a GPU of NVIDIA, and none was found: number of devices: "),
        ("old_device", "needs a newer GPU: emulated has compute capability 7.0; "),
    ],
)
def test_each_fault_is_told_from_the_others(monkeypatch, fault, words):
    monkeypatch.setenv("DEEPGEN_EMULATED_FAULT", fault)
    with pytest.raises(DeviceError, match=words):
        usable_plugin()


def test_a_device_that_is_too_old_is_described(monkeypatch):
    plugin = usable_plugin()
    monkeypatch.setenv("DEEPGEN_EMULATED_FAULT", "old_device")
    device = plugin.describe(0)
    assert device.compute_capability == (7, 0)
    assert device.refusal == "emulated has compute capability 7.0"
