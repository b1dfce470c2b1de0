"""Where the plugin is looked for, and what is said when it or the device cannot be used."""

import re
from pathlib import Path

import pytest

from deepgen import MLPRegressor, _core
from deepgen._engine import device
from device.fakes import fake_plugin

FILE = "libdeepgen_cuda.so"


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return fake_plugin(tmp_path_factory.mktemp("fake"))


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without a plugin: none is named, and none is beside the extension."""
    monkeypatch.delenv("DEEPGEN_CUDA_PLUGIN", raising=False)
    monkeypatch.setattr(_core, "__file__", str(tmp_path / "_core.so"))
    return tmp_path


def install_package(folder, monkeypatch):
    """Make importable what a wheel that holds the plugin alone has."""
    (folder / "fake_cuda13.py").write_text(f'PATH = "{folder / FILE}"\n')
    info = folder / "fake_cuda13-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-cuda13\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[deepgen.plugins]\ncuda = fake_cuda13:PATH\n")
    monkeypatch.syspath_prepend(folder)


def test_the_variable_comes_before_the_package_and_that_before_a_wheel(
    bare, monkeypatch, tmp_path_factory
):
    wheel = tmp_path_factory.mktemp("wheel")
    install_package(wheel, monkeypatch)
    assert device.find_plugin() == wheel / FILE
    (bare / FILE).touch()
    assert device.find_plugin() == bare / FILE
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", "elsewhere.so")
    assert device.find_plugin() == Path.cwd() / "elsewhere.so"


def test_a_plugin_that_is_missing_can_be_had(bare):
    with pytest.raises(device.DeviceError) as caught:
        MLPRegressor(device="cuda").fit([[0.0], [1.0]], [0.0, 1.0])
    message = str(caught.value)
    assert message.startswith("device='cuda' needs deepgen's plugin for CUDA, which is neither")
    for way in (
        str(bare / FILE),
        "pip install 'deepgen[cuda]'",
        "-Ccmake.define.DEEPGEN_CUDA=ON",
        "DEEPGEN_CUDA_PLUGIN",
        "device='cpu'",
    ):
        assert way in message


def test_a_named_plugin_that_is_missing_is_not_replaced_by_another(fake, bare, monkeypatch):
    (bare / FILE).symlink_to(fake)
    device.usable_plugin()
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", "/nowhere/plugin.so")
    with pytest.raises(device.DeviceError, match="DEEPGEN_CUDA_PLUGIN=/nowhere/plugin.so .*/now"):
        device.usable_plugin()


@pytest.mark.parametrize(
    "reason, words",
    [
        (1, r"needs NVIDIA's driver, and none was found: the fake's .*driver 580"),
        (2, r"needs a newer driver of NVIDIA, and 550.54 is installed: the fake's .*driver 580"),
        (
            3,
            r"needs a GPU of NVIDIA, and none was found: the fake's detail; .*CUDA_VISIBLE",
        ),
        (4, r"needs a newer GPU: the fake's detail; compute capability 8.0"),
        (5, r"needs more memory on the GPU: the fake's detail; "),
        (6, r"failed: the fake's detail$"),
    ],
)
def test_each_missing_piece_is_named_with_the_way_to_get_it(fake, monkeypatch, reason, words):
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(fake))
    monkeypatch.setenv("FAKE_REASON", str(reason))
    monkeypatch.setattr(device, "driver_version", lambda: "550.54")
    model = MLPRegressor(device="cuda")
    with pytest.raises(device.DeviceError, match=words):
        model.fit([[0.0], [1.0]], [0.0, 1.0])
    assert not hasattr(model, "network_")


def test_a_device_that_is_too_old_is_refused(fake, monkeypatch):
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(fake))
    monkeypatch.setenv("FAKE_MAJOR", "7")
    with pytest.raises(device.DeviceError, match="needs a newer GPU: the fake's compute"):
        device.usable_plugin()


def test_libraries_that_are_no_plugin_of_this_version_are_named(monkeypatch, tmp_path):
    path = fake_plugin(tmp_path, other_version=True)
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(path))
    words = f"needs the plugin of deepgen .*={re.escape(str(path))} \\(it does"
    with pytest.raises(device.DeviceError, match=words):
        device.usable_plugin()
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", _core.__file__)
    with pytest.raises(device.DeviceError, match="a plugin of deepgen, and not .*undefined symbol"):
        device.usable_plugin()


def test_the_version_of_the_driver_is_the_kernels(monkeypatch, tmp_path):
    file = tmp_path / "version"
    file.write_text("580.95.05\n")
    monkeypatch.setattr(device, "DRIVER", file)
    assert device.driver_version() == "580.95.05"
    monkeypatch.setattr(device, "DRIVER", tmp_path / "missing")
    assert device.driver_version() == ""
