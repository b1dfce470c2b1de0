"""The progress bar: by rich, without it, and where nobody watches."""

import io
import sys
import warnings
from types import SimpleNamespace

import pytest

from deepgen import MLPRegressor
from deepgen._display import epoch_bar, progress_bar
from deepgen._display.epoch_bar import EpochBar
from deepgen._display.progress_bar import Bar


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


def test_members_have_one_bar_with_the_epochs_of_all(monkeypatch, capsys):
    terminal = watched(monkeypatch)
    monkeypatch.setattr(progress_bar, "find_spec", lambda name: None)
    monkeypatch.setattr(epoch_bar, "PAUSE", 0.0)
    settings = {"n_members": 3, "max_iter": 4, "tol": 0, "n_iter_no_change": 9, "random_state": 0}
    model = MLPRegressor(hidden_layer_sizes=(2,), verbose=True, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit([[0.0], [1.0]], [0.0, 1.0])
    texts = [text for text in terminal.getvalue().split("\r\x1b[K") if text]
    assert [text.split()[-1] for text in texts] == [f"{n}/12" for n in range(1, 13)]
    assert {text.split()[0] for text in texts} == {"MLPRegressor"}
    assert terminal.getvalue().endswith("\r\x1b[K")
    told = sorted(line.split(":")[0] for line in capsys.readouterr().out.splitlines())
    assert told == [f"Member {n} of 3" for n in (1, 2, 3)]


def test_in_a_notebook_the_bar_overwrites_its_line_with_spaces(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    with Bar("fit") as bar:
        bar("epoch", 1, 2)
        long = stream.getvalue()[2:]
    assert long == "fit [############------------] epoch 1/2"
    assert stream.getvalue() == f"\r\r{long}\r{' ' * len(long)}\r"


def test_a_program_that_only_imported_ipython_is_no_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not progress_bar.in_notebook()


def test_nothing_is_drawn_where_nobody_watches(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Bar("fit") as bar:
        bar("epoch", 1, 2)
        bar.say("fitting")
    assert stream.getvalue() == ""
