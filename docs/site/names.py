"""Names in backticks link to the API where they name something in it, in docstrings and pages."""

import importlib
import inspect

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

import reference


def setup(app):
    """Make names links before references are resolved."""
    app.add_transform(LinkNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def known_names():
    """Return what may stand in backticks, and the path that it means.

    Returns
    -------
    paths : dict
        Full paths, and those short names that no two things share: classes, and their members
        behind a dot. Functions are too often called as a parameter or an experiment is.
    """
    full, short = {}, {}
    for room in reference.rooms():
        offered = importlib.import_module(room)
        full[room] = room
        for name in offered.__all__:
            thing = getattr(offered, name)
            if not callable(thing):
                continue
            path = reference.home(room, name)[1]
            full[path] = full[f"{room}.{name}"] = path
            if inspect.isclass(thing):
                short.setdefault(name, set()).add(path)
                for member, _ in reference.members(thing):
                    full[f"{path}.{member}"] = f"{path}.{member}"
                    short.setdefault(f"{name}.{member}", set()).add(f"{path}.{member}")
    return {name: paths.pop() for name, paths in short.items() if len(paths) == 1} | full


class LinkNames(SphinxTransform):
    """Links of literals, except in titles and in what is a link already."""

    default_priority = 400
    _known = None

    def apply(self, **kwargs):
        """Replace the literals of a page that name something."""
        if LinkNames._known is None:
            LinkNames._known = known_names()
        single_backticks = self.document.findall(nodes.title_reference)
        for node in [*self.document.findall(nodes.literal), *single_backticks]:
            literal = nodes.literal("", node.astext())
            path = self._known.get(node.astext().removesuffix("()"))
            if path is None or _is_within(node, (nodes.reference, pending_xref, nodes.title)):
                if isinstance(node, nodes.title_reference):
                    node.replace_self(literal)
                continue
            link = pending_xref(
                "", literal, refdomain="py", reftype="obj", reftarget=path, refdoc=self.env.docname
            )
            node.replace_self(link)


def _is_within(node, kinds):
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False
