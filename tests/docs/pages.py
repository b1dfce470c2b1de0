"""Pages: Markdown whose Python blocks are run, in order, and whose output is what stands below."""

import contextlib
import doctest
import io
import linecache
import re
import warnings
from dataclasses import dataclass

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMPARISON = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """A Python block, the line it begins at and the output that the page shows."""

    code: str
    line: int
    shown: str


def languages(text):
    """Return the language of every fenced block of a page."""
    return [match[1] for match in FENCE.finditer(text)]


def blocks(text):
    """Return the Python blocks; a text block right after one is its output."""
    found = []
    matches = list(FENCE.finditer(text))
    for match, after in zip(matches, [*matches[1:], None], strict=False):
        if match[1] != "python":
            continue
        follows = after and after[1] == "text" and not text[match.end() : after.start()].strip()
        line = text[: match.start(2)].count("\n")
        found.append(Block(match[2], line, after[2] if follows else ""))
    return found


@contextlib.contextmanager
def listening():
    """Collect warnings while a page is run; filters that it sets last to its end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def run(block, page, namespace, caught):
    """Run a block; return what it printed, then its warnings, then the error that ended it."""
    # Lines keep the page's numbers, and tracebacks show the page.
    source = "\n" * block.line + block.code
    name = f"{page}:{block.line}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    output, error = io.StringIO(), ""
    caught.clear()
    with contextlib.redirect_stdout(output):
        try:
            exec(compile(source, name, "exec"), namespace)
        except Exception as raised:
            if not block.shown:
                raise
            error = f"{type(raised).__name__}: {raised}\n"
    told = [f"{warning.category.__name__}: {warning.message}\n" for warning in caught]
    return output.getvalue() + "".join(told) + error


def difference(block, got):
    """Return how the output differs from what the page shows, empty if it does not."""
    example = doctest.Example(block.code, block.shown)
    checker = doctest.OutputChecker()
    if got.strip() == block.shown.strip() or checker.check_output(example.want, got, COMPARISON):
        return ""
    return f"line {block.line}: {checker.output_difference(example, got, COMPARISON)}"
