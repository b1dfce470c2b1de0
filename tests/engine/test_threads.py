"""What ``n_jobs`` stands for."""

import pytest

from deepgen import _core
from deepgen._engine import threads


@pytest.fixture
def machine(monkeypatch):
    """A machine with 8 physical and 16 logical cores, OpenMP without a limit of its own."""

    def set_up(openmp=64, environment=None):
        monkeypatch.setattr(_core, "max_threads", lambda: openmp)
        monkeypatch.setattr(
            "joblib.cpu_count", lambda only_physical_cores=False: 8 if only_physical_cores else 16
        )
        if environment is None:
            monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OMP_NUM_THREADS", environment)

    return set_up


@pytest.mark.parametrize(
    ("n_jobs", "n_threads"), [(None, 8), (-1, 16), (-2, 15), (-100, 1), (1, 1), (3, 3), (99, 99)]
)
def test_cores_are_counted(machine, n_jobs, n_threads):
    machine()
    assert threads.effective_threads(n_jobs) == n_threads


@pytest.mark.parametrize(("n_jobs", "n_threads"), [(None, 4), (-1, 4), (-2, 3), (6, 6)])
def test_openmp_s_limit_holds(machine, n_jobs, n_threads):
    machine(openmp=4)
    assert threads.effective_threads(n_jobs) == n_threads


def test_the_environment_may_ask_for_more_than_there_are_cores(machine):
    machine(openmp=32, environment="32")
    assert threads.effective_threads(None) == 32


def test_zero_is_refused():
    with pytest.raises(ValueError, match="n_jobs == 0 has no meaning"):
        threads.effective_threads(0)


@pytest.mark.parametrize(
    ("limit", "step_work", "n_steps", "n_threads"),
    [
        (8, 1e9, 1, 8),
        (2, 1e9, 1, 2),
        (8, 1e5, 1000, 1),
        (8, 1e6, 1, 1),
        (8, 1e6, 1000, 2),
        (1, 1e9, 1000, 1),
        (8, 0.0, 1, 1),
    ],
)
def test_threads_are_used_where_they_are_worth_while(limit, step_work, n_steps, n_threads):
    assert threads.worthwhile_threads(limit, step_work, n_steps) == n_threads
