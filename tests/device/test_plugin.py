"""The engine's side of a plugin: it is opened, asked, and refused with a reason."""

import pickle
import subprocess

import pytest

from deepgen import _core
from device.fakes import fake_plugin


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return str(fake_plugin(tmp_path_factory.mktemp("fake")))


def reason_and_detail(action):
    with pytest.raises(_core.DeviceError) as caught:
        action()
    return caught.value.args


def test_a_plugin_describes_its_devices(fake, monkeypatch):
    monkeypatch.setenv("FAKE_DEVICES", "2")
    plugin = _core.Plugin(fake)
    assert plugin.built_for == "a fake"
    assert plugin.n_devices() == 2
    first, second = plugin.describe(0), plugin.describe(1)
    assert (first.name, second.name) == ("Fake 0", "Fake 1")
    assert first.compute_capability == (9, 0)
    assert first.driver == first.runtime == (13, 0)
    assert first.n_multiprocessors == 132
    assert (first.memory, first.free_memory) == (150_000_000_000, 140_000_000_000)
    assert first.refusal == ""


def test_a_device_that_is_too_old_is_described_with_the_reason(fake, monkeypatch):
    monkeypatch.setenv("FAKE_MAJOR", "6")
    device = _core.Plugin(fake).describe(0)
    assert device.compute_capability == (6, 0)
    assert device.refusal == "the fake's compute capability is too low"


@pytest.mark.parametrize(
    "number, reason",
    [
        (1, "no_driver"),
        (2, "old_driver"),
        (3, "no_device"),
        (4, "old_device"),
        (5, "no_memory"),
        (6, "failed"),
        (7, "failed"),
    ],
)
def test_reasons_of_the_plugin_arrive(fake, monkeypatch, number, reason):
    monkeypatch.setenv("FAKE_REASON", str(number))
    plugin = _core.Plugin(fake)
    assert reason_and_detail(plugin.n_devices) == (reason, "the fake's detail")


def test_a_machine_without_devices_is_a_reason(fake, monkeypatch):
    monkeypatch.setenv("FAKE_DEVICES", "0")
    reason, detail = reason_and_detail(_core.Plugin(fake).n_devices)
    assert (reason, detail) == ("no_device", "the driver finds none")


def test_a_file_that_is_missing_or_no_library_cannot_be_opened(tmp_path):
    text = tmp_path / "text.so"
    text.write_text("no library")
    for path in (tmp_path / "missing.so", text):
        reason, detail = reason_and_detail(lambda path=path: _core.Plugin(str(path)))
        assert reason == "not_opened"
        assert str(path) in detail


def test_a_library_without_the_symbol_is_no_plugin(tmp_path):
    path = tmp_path / "empty.so"
    subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", "-o", path], check=True)
    reason, detail = reason_and_detail(lambda: _core.Plugin(str(path)))
    assert reason == "no_plugin"
    assert "deepgen_plugin" in detail


@pytest.mark.parametrize("kind", ["other_table", "other_version"])
def test_a_plugin_of_another_version_is_refused(tmp_path, kind):
    path = str(fake_plugin(tmp_path, **{kind: True}))
    reason, detail = reason_and_detail(lambda: _core.Plugin(path))
    assert reason == "other_version"
    assert "version" in detail


def test_errors_survive_a_process_and_plugins_do_not(fake):
    error = _core.DeviceError("no_memory", "none left")
    assert pickle.loads(pickle.dumps(error)).args == ("no_memory", "none left")
    with pytest.raises(TypeError, match="cannot pickle 'deepgen._core.Plugin' object"):
        pickle.dumps(_core.Plugin(fake))


def test_an_object_that_no_constructor_filled_is_refused():
    with pytest.raises(TypeError):
        _core.Plugin.__new__(_core.Plugin).n_devices()
