"""Workflows of GitHub: they parse, and say nothing that the gate and the pages do not say."""

import re

import pytest
from conftest import ROOT

yaml = pytest.importorskip("yaml")

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/release.md")]
ACTION = re.compile(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+")
PROJECT = (ROOT / "pyproject.toml").read_text()
GATE = (ROOT / ".ci" / "run").read_text()


def read(path):
    return yaml.safe_load(path.read_text())


def jobs():
    return [job for path in WORKFLOWS for job in read(path)["jobs"].values()]


def steps():
    return [step for job in jobs() for step in job["steps"]]


def test_there_are_workflows():
    assert [path.stem for path in WORKFLOWS] == ["gate", "site", "wheels"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_says_when_it_runs_and_may_only_read(path):
    workflow = read(path)
    assert workflow["name"] == path.stem
    assert workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}


def test_every_job_ends_in_time_and_on_a_stated_machine():
    for job in jobs():
        assert job["timeout-minutes"] <= 180
        runners = job["runs-on"]
        if runners == "${{ matrix.runner }}":
            runners = job["strategy"]["matrix"]["runner"]
        assert set([runners] if isinstance(runners, str) else runners) <= {
            "ubuntu-24.04",
            "ubuntu-24.04-arm",
        }


def test_actions_are_pinned_and_of_one_version_each():
    used = {step["uses"] for step in steps() if "uses" in step}
    assert used
    assert [action for action in used if not ACTION.fullmatch(action)] == []
    names = [action.partition("@")[0] for action in used]
    assert len(names) == len(set(names))


def test_commands_are_those_of_the_gate_and_of_the_pages():
    stages = set(re.search(r"^ALL_STAGES=\((.*)\)$", GATE, re.MULTILINE)[1].split())
    pages = "\n".join(page.read_text() for page in PAGES)
    commands = [line for step in steps() for line in step.get("run", "").splitlines()]
    assert "bash .ci/run" in commands
    for command in commands:
        if command.startswith("bash .ci/run"):
            assert set(command.split()[2:]) <= stages, command
        else:
            assert command in pages, command


def test_the_same_versions_of_python_everywhere():
    lowest, highest = 10, 14
    minors = [*range(lowest, highest + 1)]
    gate = read(ROOT / ".github" / "workflows" / "gate.yml")
    versions = gate["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert versions == [f"3.{minor}" for minor in minors]
    assert [int(minor) for minor in re.findall(r'"cp3(\d+)-\*"', PROJECT)] == minors
    classifiers = re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', PROJECT)
    assert [int(minor) for minor in classifiers] == minors
    assert f'requires-python = ">=3.{lowest}"' in PROJECT
    assert f"Python 3.{lowest} to 3.{highest}" in (ROOT / "README.md").read_text()


def test_the_gate_and_the_wheels_run_on_both_processors():
    for name, job in (("gate", "pythons"), ("wheels", "wheels")):
        workflow = read(ROOT / ".github" / "workflows" / f"{name}.yml")
        runners = workflow["jobs"][job]["strategy"]["matrix"]["runner"]
        assert runners == ["ubuntu-24.04", "ubuntu-24.04-arm"]
    assert re.findall(r'^manylinux-(\w+)-image = "manylinux_2_28"$', PROJECT, re.MULTILINE) == [
        "x86_64",
        "aarch64",
    ]
