"""Files that the package writes: whole or not at all, over regular files only, with their mode."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest

from deepgen._display.style import new_figure, write_figure
from deepgen._replace_file import check_replaceable, replace_file
from deepgen.cli.check_out import check_out
from deepgen.tables import read_table, write_table

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files of POSIX")


def write_csv(path):
    write_table(pytest.importorskip("pandas").DataFrame({"x": [1]}), path)


def write_parquet(path):
    pytest.importorskip("pyarrow")
    named = path.with_name(path.name + ".parquet")
    os.rename(path, named)
    try:
        write_table(pytest.importorskip("pandas").DataFrame({"x": [1]}), named)
    finally:
        os.rename(named, path)


def write_png(path):
    pytest.importorskip("matplotlib")
    named = path.with_name(path.name + ".png")
    os.rename(path, named)
    try:
        write_figure(new_figure(lambda figure: None), path)
    finally:
        os.rename(named, path)


WRITERS = [lambda path: replace_file(path, b"new"), write_csv, write_parquet, write_png]
CHECKS = [check_replaceable, check_out]


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(os.path.relpath(path))


@pytest.mark.parametrize("write", [*WRITERS, *CHECKS])
@pytest.mark.parametrize(
    ("make", "kind"), [(os.mkfifo, "a pipe"), (make_socket, "a socket"), (os.mkdir, "a folder")]
)
def test_what_is_no_regular_file_is_refused_by_name(write, make, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "special"
    make(path)
    before = path.stat()
    with pytest.raises((OSError, ValueError), match=f"it is {kind}") as caught:
        write(path)
    assert "special" in str(caught.value)
    assert path.stat().st_ino == before.st_ino and path.stat().st_mode == before.st_mode
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix != ".svg"] == ["special"]


@pytest.mark.parametrize("name", ["/dev/null", "link"])
def test_a_device_is_refused_under_any_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.symlink("/dev/null", "link")
    with pytest.raises(OSError, match=f"it is a character device: '{name}'"):
        replace_file(name, b"new")
    with pytest.raises(ValueError, match=f"cannot write {name}: it is a character device"):
        check_out(name)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode) and os.listdir() == ["link"]


@pytest.mark.parametrize("write", [*WRITERS, *CHECKS])
def test_a_read_only_file_is_not_overwritten(write, tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises((OSError, ValueError), match="read-only"):
        write(path)
    assert path.read_bytes() == b"old" and stat.S_IMODE(path.stat().st_mode) == 0o444


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
@pytest.mark.parametrize("write", WRITERS)
def test_the_mode_of_a_replaced_file_is_kept(write, mode, tmp_path):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path)
    assert path.read_bytes() != b"old" and stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_of_new_files(mask, tmp_path):
    before = os.umask(mask)
    try:
        replace_file(tmp_path / "new", b"new")
        write_csv(tmp_path / "new.csv")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o666 & ~mask}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_the_owner_of_a_replaced_file_is_kept(tmp_path):
    path = tmp_path / "theirs"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    replace_file(path, b"new")
    known = path.stat()
    assert (known.st_uid, known.st_gid, stat.S_IMODE(known.st_mode)) == (1234, 2345, 0o640)


@pytest.mark.parametrize("name", ["模" * 80, "é" * 127, "a" * 255, "模" * 85])
def test_names_may_be_as_long_as_the_file_system_allows(name, tmp_path):
    for content in (b"old", b"new"):
        replace_file(tmp_path / name, content)
    assert (tmp_path / name).read_bytes() == b"new" and os.listdir(tmp_path) == [name]


def test_a_name_that_is_too_long_is_refused_at_once(tmp_path):
    for check in (check_replaceable, lambda path: replace_file(path, b"new")):
        with pytest.raises(OSError, match="name too long"):
            check(tmp_path / ("模" * 86))
    assert os.listdir(tmp_path) == []


HELD = """
import os, sys
from deepgen._replace_file import replace_file
os.fsync = lambda descriptor: (print("written", flush=True), sys.stdin.read())
replace_file(sys.argv[1], b"from another process")
"""


def other_process(path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    run = subprocess.Popen([sys.executable, "-c", HELD, path], env=environment, **pipes)
    assert run.stdout.readline() == b"written\n"
    return run


def test_the_next_save_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "model"
    with other_process(path) as run:
        run.send_signal(signal.SIGKILL)
    (left,) = os.listdir(tmp_path)
    assert left != "model"
    replace_file(tmp_path / "other", b"new")
    assert left in os.listdir(tmp_path), "another name's file is not this one's to remove"
    replace_file(path, b"new")
    assert sorted(os.listdir(tmp_path)) == ["model", "other"]


def test_what_another_process_is_writing_is_left_alone(tmp_path):
    path = tmp_path / "model"
    with other_process(path) as run:
        replace_file(path, b"new")
        assert path.read_bytes() == b"new" and len(os.listdir(tmp_path)) == 2
        run.communicate()
    assert run.returncode == 0
    assert path.read_bytes() == b"from another process" and os.listdir(tmp_path) == ["model"]


def test_threads_that_write_one_file_do_not_disturb_each_other(tmp_path):
    path, failures, end = tmp_path / "model", [], time.monotonic() + 1

    def write(letter):
        try:
            while time.monotonic() < end:
                replace_file(path, letter * 1000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and os.listdir(tmp_path) == ["model"]
    assert path.read_bytes() in {letter * 1000 for letter in (b"a", b"b", b"c")}


def test_an_error_names_the_users_file(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device", "temporary")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left on device: '.*/model'$"):
        replace_file(tmp_path / "model", b"new")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "csv.bz2", "csv.xz", "csv.zip"])
def test_tables_are_compressed_as_their_names_say(ending, tmp_path):
    write_csv(tmp_path / f"t.{ending}")
    assert read_table(tmp_path / f"t.{ending}").to_dict("list") == {"x": [1]}
    plain = (tmp_path / f"t.{ending}").read_bytes() == b"x\n1\n"
    assert plain == (ending == "csv")
