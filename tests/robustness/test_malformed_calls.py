"""Ten thousand malformed calls, each answered with an exception: no crash and no hang."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

# Address space of the process that makes the calls: an allocation of absurd size fails at once.
MAX_MEMORY = 12 * 2**30

SECONDS = 300
"""How long the calls of a script may take in all: many times what they need on a busy machine."""

EXAMPLES = {"engine_calls": 4700, "estimator_calls": 4500}
WANTED = {"engine_calls": 6500, "estimator_calls": 3500}


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


@pytest.mark.parametrize("script", EXAMPLES)
def test_malformed_calls_are_answered_with_exceptions(script, tmp_path):
    assert sum(WANTED.values()) >= 10_000
    last = tmp_path / "last_call.txt"
    command = [sys.executable, "-W", "ignore", "-X", "faulthandler", str(HERE / f"{script}.py")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "2"}
    run = subprocess.run(
        [*command, str(EXAMPLES[script]), str(last)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        preexec_fn=limit_memory,
    )
    assert run.returncode == 0, f"{last.read_text()}\n{run.stderr[-5000:]}"
    refused, accepted = map(int, run.stdout.split()[-2:])
    assert refused >= WANTED[script]
    # Some are sound by luck; if most were, the calls would not test what they claim to.
    assert accepted < refused
