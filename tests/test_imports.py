"""The fence: which rooms of the package may import which, counted at any depth of a file."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "deepgen"

# The floors of the house, from the ground up. A room may import rooms of the floors below its own,
# and itself. Imports inside functions, for types only and by name count like all others.
FLOORS = [
    {"_core"},
    {
        "_counts",
        "_interval",
        "_names",
        "_optional",
        "_replace_file",
        "_retold",
        "_settings",
        "_user_warnings",
    },
    {"_component", "datasets"},
    {"_engine", "_display"},
    {
        "_network",
        "activations",
        "augmentation",
        "embeddings",
        "initializers",
        "losses",
        "normalizations",
        "optimizers",
        "schedules",
    },
    {"skips", "averaging", "decomposition", "_parquet"},
    {"_inputs"},
    {"_training"},
    {"_serialization"},
    {"estimators", "preprocessing"},
    {"probe"},
    {"distributed", "pretraining", "search", "tabular"},
    {"dask", "tables"},
    {"_export", "_loading", "expressivity", "optimization"},
    {"export", "generalization"},
    {"callbacks"},
    {"experiments", "report"},
    {"cli"},
    # Nothing inside asks the facade for what it forwards.
    {"deepgen", "__main__"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def modules():
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield path, ".".join(("deepgen", *parts)).removesuffix(".__init__")


NAMES = {name for _, name in modules()}


def room_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def imported_by(source, package="deepgen"):
    """Names of modules that a source imports, wherever in the file, also by a string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module.split(".")[0] == package:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    # The facade forwards classes; its own names are no modules.
                    yield inner if inner in NAMES or alias.name == "_core" else node.module
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == package)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant) and str(argument.value).startswith(package)
            )


def violations(name, source):
    room = room_of(name)
    for target in sorted(set(imported_by(source))):
        other = room_of(target)
        if other == room:
            continue
        if FLOOR_OF[other] >= FLOOR_OF[room]:
            yield f"{name} imports {target}"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_imports_point_down_the_floors(name):
    path = next(path for path, own in modules() if own == name)
    assert list(violations(name, path.read_text())) == []


def test_modules_import_each_other_in_no_circle():
    imports = {name: set(imported_by(path.read_text())) & NAMES for path, name in modules()}
    # A package's own file gathers what its modules define; only what they define counts.
    packages = {name for path, name in modules() if path.name == "__init__.py"}
    graph = {name: imports[name] - packages for name in imports if name not in packages}
    while leaves := {name for name, targets in graph.items() if not targets & set(graph)}:
        graph = {name: targets for name, targets in graph.items() if name not in leaves}
    assert graph == {}


def test_the_fence_sees_every_kind_of_import():
    source = (
        "if TYPE_CHECKING:\n    from deepgen.cli import main\n"
        "def f():\n    import deepgen.report\n    importlib.import_module('deepgen.experiments')\n"
    )
    assert len(list(violations("deepgen.probe.x", source))) == 3


def test_the_page_on_architecture_draws_these_floors():
    page = (ROOT / "docs" / "architecture.md").read_text()
    picture = page.partition("## The rooms of the package")[2].split("```")[1]
    # What stands behind a gap of several spaces is a remark.
    lines = [re.split(r" {8,}", line)[0] for line in picture.splitlines() if line.strip()]
    drawn = [set(re.findall(r"\w+", line.replace("(the facade)", ""))) for line in lines]
    assert drawn == FLOORS[::-1]
