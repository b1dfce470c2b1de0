"""The progress bar: by rich, without it, and where nobody watches."""

import io
import sys

import pytest

from deepgen._display import progress_bar
from deepgen._display.progress_bar import Bar
from deepgen.tabular.epoch_bar import EpochBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watched(monkeypatch):
    """Standard error as a terminal; set in the test, since pytest has its own before that."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    # The width is rich's; pytest's own terminal may be a dumb one.
    for name, value in {"COLUMNS": "100", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    return stream


def test_without_rich_the_bar_is_a_line_of_text(monkeypatch):
    terminal = watched(monkeypatch)
    monkeypatch.setattr(progress_bar, "find_spec", lambda name: None)
    with Bar("fit") as bar:
        bar("epoch", 5, 10)
        assert terminal.getvalue() == "\r\x1b[Kfit [############------------] epoch 5/10"
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_with_rich_the_bar_has_the_time_that_remains(monkeypatch):
    pytest.importorskip("rich")
    terminal = watched(monkeypatch)
    with Bar("[fit]") as bar:
        bar("epoch", 5, 10)
        shown = terminal.getvalue()
        assert "[fit]" in shown and "epoch 5/10" in shown and ":" in shown
        # A second bar of the same name follows the end of the first, as members of a fit do.
        bar.erase()
        bar("epoch", 6, 10)
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert terminal.getvalue().count("\x1b[?25l") == terminal.getvalue().count("\x1b[?25h") == 2


@pytest.mark.parametrize("has_rich", [True, False])
def test_an_error_leaves_no_bar_and_the_cursor_behind(monkeypatch, has_rich):
    terminal = watched(monkeypatch)
    if has_rich:
        pytest.importorskip("rich")
    else:
        monkeypatch.setattr(progress_bar, "find_spec", lambda name: None)
    with pytest.raises(KeyboardInterrupt), EpochBar("fit", 2) as bar:
        bar()
        raise KeyboardInterrupt
    text = terminal.getvalue()
    assert "epoch 1/2" in text and text.endswith("\r\x1b[K")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


def test_nothing_is_drawn_where_nobody_watches(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Bar("fit") as bar:
        bar("epoch", 1, 2)
        bar.say("fitting")
    assert stream.getvalue() == ""
