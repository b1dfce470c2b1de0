"""The shape of the house: layers, sizes, imports, one version."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import deepgen
from deepgen import _core

ROOT = Path(__file__).resolve().parent.parent

# Which rooms of cpp/ may be included from a room, besides itself.
FAMILIES = {
    "activations",
    "augmentations",
    "embeddings",
    "normalizations",
    "reparametrizations",
    "skips",
    "losses",
    "optimizers",
    "pretexts",
}
OPTIMIZERS = {"optimizers/rules", "optimizers/wrappers", "optimizers/preconditioners"}
MAY_INCLUDE = {
    "core": set(),
    "kernels": {"core"},
    **{family: {"core", "kernels"} for family in FAMILIES},
    # The catalog above the three shapes knows them; they know the interface, and not each other.
    "optimizers": {"core", "kernels", *OPTIMIZERS},
    **{shape: {"core", "kernels", "optimizers"} for shape in OPTIMIZERS},
    "paths": {"core", "kernels", *FAMILIES, "optimizers/rules"},
    "network": {"core", "kernels", *FAMILIES, "paths"},
    "devices": {"core", "kernels", *FAMILIES, *OPTIMIZERS, "paths", "network"},
    "training": {"core", "kernels", *FAMILIES, "paths", "network", "devices"},
    "probes": {"core", "kernels", *FAMILIES, "paths", "network"},
    # What the engine and the plugin share compiles for both.
    "cuda": {"core", "kernels", "activations", "losses", "optimizers/rules", "devices"},
    "bindings": {
        *("core", "kernels", *FAMILIES, "paths", "network", "devices", "training", "probes"),
    },
}
MAX_LINES = 400
SOURCES = sorted(
    path
    for folder, pattern in (
        ("cpp", "*.[ch]pp"),
        ("cpp", "*.h"),
        ("cpp", "*.cu*"),
        ("python", "*.py"),
        ("tests", "*.py"),
        ("tests", "*.cpp"),
        ("benchmarks", "*.py"),
        ("docs", "*.py"),
    )
    for path in (ROOT / folder).rglob(pattern)
)
CPP_SOURCES = [path for path in SOURCES if path.is_relative_to(ROOT / "cpp")]


def room_of(path):
    parts = Path(path).parts
    return "/".join(parts[1:-1]) if parts[0] == "engine" else parts[0]


@pytest.mark.parametrize("path", CPP_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_includes_point_down_the_layers(path):
    room = room_of(path.relative_to(ROOT / "cpp"))
    for included in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE):
        target = room_of(included)
        assert target == room or target in MAY_INCLUDE[room], f"{room} includes {included}"


@pytest.mark.parametrize("path", CPP_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_bindings_know_python(path):
    knows_python = re.search(r"#include [<\"](pybind11/|Python\.h|numpy/)", path.read_text())
    assert knows_python is None or path.is_relative_to(ROOT / "cpp" / "bindings")


def test_files_fit_a_room():
    assert SOURCES
    sizes = {path: len(path.read_text().splitlines()) for path in SOURCES}
    too_long = {str(path.relative_to(ROOT)): n for path, n in sizes.items() if n > MAX_LINES}
    assert not too_long


def test_tests_and_benchmarks_share_no_name():
    """These folders are on pytest's path: of two modules of one name only the first is found."""
    seen = set()
    for folder in ("tests", "benchmarks", "benchmarks/cuda"):
        paths = (ROOT / folder).iterdir()
        names = {path.stem for path in paths if path.suffix == ".py" or path.is_dir()}
        assert seen & names - {"conftest", "__pycache__"} == set()
        seen |= names


def test_cpp_is_ascii():
    assert [path for path in CPP_SOURCES if not path.read_bytes().isascii()] == []


def test_one_version_everywhere():
    assert metadata.version("deepgen") == deepgen.__version__
    assert _core.build_info()["version"] == deepgen.__version__
    assert f"## [{deepgen.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f"\nversion: {deepgen.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f'"deepgen-cuda13=={deepgen.__version__}"' in (ROOT / "pyproject.toml").read_text()


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_import_alone_loads_no_heavy_library():
    code = "import deepgen, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    assert not {"sklearn", "scipy", "pandas", "matplotlib", "torch"} & set(run_python(code))


def test_nothing_in_the_package_imports_optional_libraries():
    optional = re.compile(r"^\s*(?:import|from) (torch|jax|pandas)\b", re.MULTILINE)
    package = [path for path in SOURCES if path.is_relative_to(ROOT / "python")]
    assert [path for path in package if optional.search(path.read_text())] == []
