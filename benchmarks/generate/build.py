"""Building a registry: its files and commits by `git fast-import`, its trail beside it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.generate.pack import write_tags
from benchmarks.generate.story import START, landings
from benchmarks.generate.stream import PROPOSAL, commits
from benchmarks.generate.trail import Trail, tag_objects
from benchmarks.timing import program, run
from rollbook import layout
from rollbook.records.policy import parse_policy

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.generate.plan import Plan

_DATE = f"{START - 3600} +0000"
# Content has its place there by its digest, so that several registries can share it. A name of its own
# for each would change every commit's id.
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, slots=True)
class Built:
    """A registry that was built: its directory, and how many commits of main and events it has."""

    path: Path
    landings: int
    events: int


def build(directory: Path, plan: Plan, *, checkout: bool = True) -> Built:
    """Build the registry of `plan` in `directory`, with its artifacts beside it in `artifacts`.

    Main is checked out, or without `checkout` only in the index. Everything is packed, as in a clone.
    """
    _start(directory)
    git_dir = directory / ".git"
    artifacts: dict[str, bytes] = {}
    trail, marks = _import(directory, plan, artifacts)
    ids = [""] * (marks + 1)
    for line in (git_dir / "marks").read_text().splitlines():
        mark, _, oid = line.partition(" ")
        ids[int(mark[1:])] = oid
    (git_dir / "marks").unlink()
    run(directory, "git", "update-ref", "-d", PROPOSAL)
    write_tags(git_dir, len(trail.events), tag_objects(trail.events, ids))
    _store(directory.with_name(_ARTIFACTS), artifacts)
    run(directory, "git", "repack", "-a", "-d", "-f", "--quiet", "--threads=2")
    run(directory, "git", "reset", "--quiet", *(["--hard"] if checkout else []))
    return Built(directory, marks, len(trail.events))


def _start(directory: Path) -> None:
    directory.mkdir(parents=True)
    run(directory, "git", "init", "--quiet", "--initial-branch=main")
    run(directory, program("rollbook"), "init", "--remote", f"../../{_ARTIFACTS}")
    run(directory, "git", "config", "user.name", "Jane Doe")
    run(directory, "git", "config", "user.email", "jane@example.com")
    run(directory, "git", "add", ".")
    dated = ["env", f"GIT_AUTHOR_DATE={_DATE}", f"GIT_COMMITTER_DATE={_DATE}"]
    run(directory, *dated, "git", "commit", "--quiet", "-m", "Start a model registry")


def _import(directory: Path, plan: Plan, artifacts: dict[str, bytes]) -> tuple[Trail, int]:
    policy = parse_policy((directory / layout.POLICY).read_bytes(), layout.POLICY)
    trail = Trail(policy.first_stage.name)
    mark = 0
    command = ["git", "fast-import", "--quiet", "--force", f"--export-marks={directory / '.git' / 'marks'}"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    with subprocess.Popen(command, cwd=directory, stdin=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        for mark, landing in zip(count(1), landings(plan, policy, artifacts), strict=False):
            process.stdin.write(commits(landing, mark, first=mark == 1))
            trail.add(landing, mark)
        process.stdin.close()
        if process.wait():
            raise RuntimeError("git fast-import failed")
    return trail, mark


def _store(remote: Path, artifacts: dict[str, bytes]) -> None:
    """Put artifacts into a DVC remote that is a directory."""
    for md5, data in artifacts.items():
        path = remote / "files" / "md5" / md5[:2] / md5[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
