"""API reference: a page for each public room, and one for each name that it offers."""

import importlib
import inspect
import pkgutil
from functools import cached_property

import deepgen


def rooms():
    """Return the names of the public rooms, the package itself first.

    Returns
    -------
    names : list of str
        Such as "deepgen.losses".
    """
    inner = (module.name for module in pkgutil.iter_modules(deepgen.__path__))
    return ["deepgen", *(f"deepgen.{name}" for name in inner if not name.startswith("_"))]


def home(room, name):
    """Return where a name is described: its page, and the path that users import it from.

    Parameters
    ----------
    room : str
        A public room that offers the name.
    name : str
        One of the room's ``__all__``.

    Returns
    -------
    page : str
        Below ``api``; an estimator's is where its link in a notebook leads.
    path : str
        The facade's, if it forwards the name.
    """
    path = f"deepgen.{name}" if name in deepgen.__all__ else f"{room}.{name}"
    if room == "deepgen":
        parts = getattr(getattr(deepgen, name), "__module__", "deepgen").split(".")
        room = "deepgen" if parts[1].startswith("_") else ".".join(parts[:2])
    return f"{room.removeprefix('deepgen.')}/{name}", path


def write(folder):
    """Write the pages of the reference as reStructuredText.

    Parameters
    ----------
    folder : Path
        Folder for them.
    """
    written = set()
    for room in rooms():
        offered = importlib.import_module(room)
        names = [name for name in offered.__all__ if name != "__version__"]
        described = [name for name in names if not isinstance(getattr(offered, name), tuple)]
        for name in described:
            page, path = home(room, name)
            if page not in written:
                written.add(page)
                _save(folder / f"{page}.rst", _page_of(path))
        _save(folder / f"{room}.rst", _page_of_room(room, names, described))
    _save(folder / "index.rst", _index())


def _save(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _title(text):
    return f"{text}\n{'=' * len(text)}\n\n"


def _index():
    entries = "\n".join(f"   {room}" for room in rooms())
    table = "\n".join(f"   {room}" for room in rooms()[1:])
    return (
        _title("API reference")
        + "What users import, room by room; names with an underscore are internal.\n\n"
        + f".. toctree::\n   :hidden:\n\n{entries}\n\n"
        + ".. autosummary::\n\n   "
        + "\n   ".join(_paths("deepgen"))
        + "\n\n"
        + f"Rooms\n-----\n\n.. autosummary::\n\n{table}\n"
    )


def _paths(room):
    offered = importlib.import_module(room)
    return [home(room, name)[1] for name in offered.__all__ if callable(getattr(offered, name))]


def _page_of_room(room, names, described):
    pages = "\n".join(f"   {home(room, name)[0]}" for name in described)
    paths = (home(room, name)[1] for name in described)
    # Names of the room itself stand without it.
    table = "\n".join(f"   {path.removeprefix(f'{room}.')}" for path in paths)
    constants = "".join(
        f".. autodata:: {room}.{name}\n\n" for name in names if name not in described
    )
    return (
        _title(room)
        + f".. automodule:: {room}\n\n"
        + f".. autosummary::\n\n{table}\n\n"
        + constants
        + f".. toctree::\n   :hidden:\n\n{pages}\n"
    )


def _page_of(path):
    """Return a page; a class shows its own members and those of the package's bases."""
    room, _, name = path.rpartition(".")
    thing = pkgutil.resolve_name(path)
    start = _title(name) + f".. currentmodule:: {room}\n\n"
    if not inspect.isclass(thing):
        return start + f".. autofunction:: {path}\n"
    lines = [f".. autoclass:: {path}\n"]
    for member, value in members(thing):
        is_method = not isinstance(value, (property, cached_property))
        directive = "automethod" if is_method else "autoproperty"
        lines.append(f"   .. {directive}:: {path}.{member}\n")
    return start + "\n".join([*lines, f".. minigallery:: {path}\n"])


def members(thing):
    """Return the methods and properties that a class has from this package.

    Parameters
    ----------
    thing : type
        A public class.

    Returns
    -------
    members : list of tuple
        Name and what the class stores by it, of those with a docstring.
    """
    found = []
    for name in dir(thing):
        value = inspect.getattr_static(thing, name)
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            code = value.fget
        elif isinstance(value, cached_property):
            code = value.func
        else:
            code = getattr(thing, name)
        # scikit-learn puts methods of its own into the classes.
        is_ours = (getattr(code, "__module__", None) or "").startswith("deepgen")
        if is_ours and callable(code) and inspect.getdoc(getattr(thing, name)):
            found.append((name, value))
    return found
