"""Fits where the system grants no threads, in children of any process number, and at exit."""

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux"),
]

# A limit is set after what is imported late has been; the team is first asked for under the limit.
PROGRAM = """
import ctypes, os, resource, sys, threading, time, warnings
import numpy as np
import deepgen
warnings.simplefilter("ignore")
X = np.random.default_rng(0).normal(size=(2000, 32))
def fitted(n_jobs, **settings):
    model = deepgen.MLPRegressor(hidden_layer_sizes=(128, 128), max_iter=1, batch_size=1000)
    model.set_params(n_jobs=n_jobs, random_state=0, **settings)
    return float(np.abs(model.fit(X, X[:, 0]).coefs_[0]).sum())
expected = fitted(1)
{work}
"""

FIT = "assert fitted(4) == expected; print('fitted')"

NO_PROCESSES = f"""
if os.getuid() == 0:
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
{FIT}"""

LITTLE_MEMORY = f"""
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28,) * 2)
{FIT}"""


def printed(program, **environment):
    """What a fresh process prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "4",
        **environment,
    }
    command = [sys.executable, "-c", program]
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def ended(work, **environment):
    """What a fresh process prints that has made a fit and then does this work."""
    return printed(PROGRAM.replace("{work}", work), **environment)


@pytest.mark.parametrize("work", [FIT, NO_PROCESSES])
def test_a_fit_needs_no_more_threads_than_it_gets(work):
    assert ended(work) == "fitted"


def test_a_fit_needs_no_more_memory_for_stacks_than_it_gets():
    assert ended(LITTLE_MEMORY, OMP_STACKSIZE="200M") == "fitted"


# OpenMP lets go of threads that a smaller team does not need, and asks for them again.
SMALLER_TEAM = """
fitted(24), fitted(2)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**24,) * 2)
assert fitted(24) == expected
print("fitted")
"""


def test_a_team_that_was_larger_before_is_asked_for_again():
    assert ended(SMALLER_TEAM, OMP_NUM_THREADS="24", OMP_STACKSIZE="200M") == "fitted"


@pytest.mark.parametrize("size", ["1024G", "8000000G", "1", "-3", "100T", "nonsense", " 64 M "])
def test_any_size_of_stack_may_be_asked_for(size):
    assert ended(FIT, OMP_STACKSIZE=size) == "fitted"


@pytest.mark.parametrize(
    "environment",
    [
        {"OMP_NUM_THREADS": "99999999999"},
        {"OMP_NUM_THREADS": "-1", "OMP_PLACES": "nonsense", "OMP_PROC_BIND": "spread"},
        {"OMP_NUM_THREADS": "3,2,1", "OMP_WAIT_POLICY": "ACTIVE", "OMP_DYNAMIC": "true"},
        {"OMP_THREAD_LIMIT": "1", "OMP_MAX_ACTIVE_LEVELS": "0"},
    ],
)
def test_the_environment_may_ask_openmp_for_anything(environment):
    assert ended(FIT, **environment) == "fitted"


NUMBER_ONE = """
fitted(4)
if ctypes.CDLL(None).unshare(0x20000000) != 0:
    print("fitted")
else:
    child = os.fork()
    if child == 0:
        assert os.getpid() == 1 and fitted(4) == expected
        print("fitted", flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_child_with_its_parents_number_knows_that_it_was_forked():
    outer = f"""
import ctypes, os, sys
if ctypes.CDLL(None).unshare(0x20000000) != 0:
    print("fitted"); sys.exit()
child = os.fork()
if child == 0:
    program = {PROGRAM.replace("{work}", NUMBER_ONE)!r}
    os.execv(sys.executable, [sys.executable, "-c", program])
_, status = os.waitpid(child, 0)
assert status == 0
"""
    assert printed(outer) == "fitted"


# Threads come back to the interpreter while it ends: the last object it lets go of takes its time.
DAEMONS = """
class Slow:
    def __del__(self):
        time.sleep(0.05)
sys.slow = Slow()
y = X[:, 0]
model = deepgen.MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=1).fit(X, y)
def forever(call):
    while True:
        call()
for call in (lambda: fitted(2), lambda: model.predict(X), deepgen.Probe(model, X, y).gradient):
    for _ in range(2):
        threading.Thread(target=forever, args=(call,), daemon=True).start()
time.sleep(0.1)
print("left")
"""


def test_a_process_ends_cleanly_while_daemon_threads_work():
    assert ended(DAEMONS) == "left"
