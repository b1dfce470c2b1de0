"""The shape of the house: layers, sizes, documentation, one version."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from numpydoc.validate import validate

import deepgen
from deepgen import _core

ROOT = Path(__file__).resolve().parent.parent

# Which rooms of cpp/ may be included from a room, besides itself.
FAMILIES = {"activations", "normalizations", "losses", "optimizers"}
MAY_INCLUDE = {
    "core": set(),
    "kernels": {"core"},
    **{family: {"core", "kernels"} for family in FAMILIES},
    "paths": {"core", "kernels", *FAMILIES},
    "network": {"core", "kernels", *FAMILIES, "paths"},
    "training": {"core", "kernels", *FAMILIES, "paths", "network"},
    "probes": {"core", "kernels", *FAMILIES, "paths", "network"},
    "bindings": {"core", "kernels", *FAMILIES, "paths", "network", "training", "probes"},
}
LONGEST_FILE = 400
SOURCES = sorted(
    path
    for folder, pattern in (
        ("cpp", "*.[ch]pp"),
        ("python", "*.py"),
        ("tests", "*.py"),
        ("tests", "*.cpp"),
        ("benchmarks", "*.py"),
    )
    for path in (ROOT / folder).rglob(pattern)
)
CPP_SOURCES = [path for path in SOURCES if path.is_relative_to(ROOT / "cpp")]

# numpydoc's checks that hold everywhere: sections in order, a summary, every parameter with a type
# and a description, a return value with a description.
DOCSTRING_CHECKS = {
    *("GL05", "GL06", "GL07", "GL08", "SS01", "SS03", "SS04", "YD01", "RT01", "RT03"),
    *("PR01", "PR02", "PR03", "PR04", "PR07"),
}


def room_of(path):
    parts = path.relative_to(ROOT / "cpp").parts
    return parts[1] if parts[0] == "engine" else parts[0]


@pytest.mark.parametrize("path", CPP_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_includes_point_down_the_layers(path):
    room = room_of(path)
    for included in re.findall(r'^#include "([^"]+)"', path.read_text(), re.MULTILINE):
        parts = included.split("/")
        target = parts[1] if parts[0] == "engine" else parts[0]
        assert target == room or target in MAY_INCLUDE[room], f"{room} includes {included}"


@pytest.mark.parametrize("path", CPP_SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_bindings_know_python(path):
    knows_python = re.search(r"#include [<\"](pybind11/|Python\.h|numpy/)", path.read_text())
    assert knows_python is None or room_of(path) == "bindings"


def test_files_fit_a_room():
    assert SOURCES
    sizes = {path: len(path.read_text().splitlines()) for path in SOURCES}
    too_long = {str(path.relative_to(ROOT)): n for path, n in sizes.items() if n > LONGEST_FILE}
    assert not too_long


def test_cpp_is_ascii():
    assert [path for path in CPP_SOURCES if not path.read_bytes().isascii()] == []


def public_modules():
    yield "deepgen"
    for module in pkgutil.walk_packages(deepgen.__path__, "deepgen."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            yield module.name


def public_names():
    """Names of all public classes and functions of the package, and of their public methods."""
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module_name:
                continue
            if inspect.isclass(thing):
                yield f"{module_name}.{name}"
                for member, value in vars(thing).items():
                    if not member.startswith("_") and callable(getattr(thing, member, value)):
                        yield f"{module_name}.{name}.{member}"
            elif inspect.isfunction(thing):
                yield f"{module_name}.{name}"


PUBLIC_NAMES = sorted(set(public_names()))


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_docstring_is_complete(name):
    report = validate(name)
    complaints = [text for code, text in report["errors"] if code in DOCSTRING_CHECKS]
    assert not complaints


@pytest.mark.parametrize(
    "name", [name for name in PUBLIC_NAMES if inspect.isclass(pkgutil.resolve_name(name))]
)
def test_public_classes_show_an_example(name):
    assert "Examples\n" in inspect.getdoc(pkgutil.resolve_name(name))


@pytest.mark.parametrize("module_name", sorted(public_modules()))
def test_modules_say_what_they_are(module_name):
    assert importlib.import_module(module_name).__doc__


def test_one_version_everywhere():
    assert metadata.version("deepgen") == deepgen.__version__
    assert _core.build_info()["version"] == deepgen.__version__
    assert f"## [{deepgen.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


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
