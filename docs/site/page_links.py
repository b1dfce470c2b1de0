"""Links of pages: tables of contents from their lists, and files that are served as they are."""

import re
from posixpath import dirname, join, normpath

from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.util.osutil import relative_uri

# Pages whose lists of links are the tables of contents too.
LISTS = ("docs/guide/README", "docs/adr/README")
FIRST_PAGE = [
    *("/docs/guide/README", "/api/index", "/gallery/index", "/docs/experiments"),
    *("/docs/performance", "/docs/scores", "/benchmarks/tabular_choice", "/docs/architecture"),
    *("/docs/adr/README", "/CONTRIBUTING", "/CHANGELOG", "/docs/release", "/SECURITY"),
    "/python/deepgen/data/README",
]
LINK = re.compile(r"\]\(([^):]+\.md)\)")


def setup(app):
    """Add tables of contents to what is read, and mend links to files."""
    app.connect("source-read", _add_contents)
    app.connect("doctree-resolved", _link_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_contents(app, page, source):
    entries = FIRST_PAGE if page == "index" else []
    if page in LISTS:
        entries = list(dict.fromkeys(LINK.findall(source[0])))
    if entries:
        lines = "\n".join(entries)
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n"


def _link_files(app, doctree, page):
    """Sphinx would offer a linked file for download, under a name of its own."""
    for node in list(doctree.findall(download_reference)):
        there = normpath(join(dirname(page), node["reftarget"]))
        address = relative_uri(app.builder.get_target_uri(page), there)
        node.replace_self(nodes.reference("", "", *node.children, refuri=address))
