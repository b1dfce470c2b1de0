"""The documentation site: the Markdown of the checkout, the API and the gallery as HTML.

python docs/site/build.py OUT        writes OUT/html

Sources stay where they are. They are laid out again in OUT/source, with the same paths, so that
their links mean the same; the pages that only the site has are written beside them.
"""

import argparse
import re
import shutil
from pathlib import Path

import experiment_scripts
from sphinx.cmd.build import main as sphinx

import reference

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/guide/*")
PAGES += ("docs/adr/*.md", "docs/examples/*.md", "docs/examples/figures/*", "docs/readme.png")
PAGES += ("benchmarks/tabular_choice.md", "python/deepgen/data/README.md")
# Linked to, and served as they are.
FILES = ("CITATION.cff", "docs/claims.html")


def lay_out(out):
    """Copy the pages, and write those of the API and the experiments' scripts.

    Parameters
    ----------
    out : Path
        Folder of the build; ``source``, ``files`` and ``scripts`` are written anew.
    """
    for folder in ("source", "files", "scripts"):
        shutil.rmtree(out / folder, ignore_errors=True)
    for pattern in PAGES:
        for path in ROOT.glob(pattern):
            _copy(path, out / "source" / path.relative_to(ROOT))
    _copy(ROOT / "README.md", out / "source" / "index.md")
    for name in FILES:
        _copy(ROOT / name, out / "source" / name)
        _copy(ROOT / name, out / "files" / name)
    # The links of a page that is HTML already.
    claims = out / "files" / "docs" / "claims.html"
    claims.write_text(re.sub(r'href="(\w+)\.md', r'href="\1.html', claims.read_text()))
    shutil.copytree(HERE / "gallery", out / "scripts")
    for pattern in ("plot_*.py", "options.py"):
        for path in (ROOT / "docs" / "examples").glob(pattern):
            _copy(path, out / "scripts" / "1_examples" / path.name)
    experiment_scripts.write(out / "scripts" / "2_experiments")
    reference.write(out / "source" / "api")


def _copy(path, to):
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, to)


def build(out):
    """Build the site; a warning is an error.

    Parameters
    ----------
    out : Path
        Folder of the build.

    Returns
    -------
    status : int
        0 if the site is whole.
    """
    lay_out(out)
    source, html = str(out / "source"), str(out / "html")
    options = ["--jobs", "2", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet"]
    folders = ["-c", str(HERE), "-d", str(out / "doctrees")]
    return sphinx(["-b", "html", *folders, *options, source, html])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder of the build")
    raise SystemExit(build(parser.parse_args().out.resolve()))
