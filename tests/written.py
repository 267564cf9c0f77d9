"""Small registries, written as plain text and committed with real git, for the tests of reading."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from worlds import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging, archived]}
  - {name: staging, next: [production, archived]}
  - {name: production, exclusive: true, next: [archived], displaced_to: archived}
  - {name: archived, next: [production]}
"""
STAGES = """\
production: {version: 1.1.0, reason: AUC, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z}
staging:
  - {version: 1.2.0, reason: to be tried, requested_by: jane@example.com, requested_at: 2026-11-22T09:00:00Z}
  - {version: 1.10.0, reason: to be tried, requested_by: joe@example.com, requested_at: 2026-11-23T09:00:00Z}
archived:
  - {version: 1.0.0, reason: replaced, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z}
aliases: {champion: 1.1.0, best: 1.1.0, staging: 1.0.0}
"""


def model(name: str, extra: str = "") -> str:
    return f"name: {name}\nowner: jane@example.com\n{extra}"


def manifest(name: str, version: str, extra: str = "", artifact: str = "model.onnx") -> str:
    return f"""\
model: {name}
version: "{version}"
created_at: 2026-01-01T09:00:00Z
created_by: jane@example.com
artifact: {{path: {artifact}, format: onnx, size: 12, sha256: {"a" * 64}}}
{extra}"""


def versions(name: str, *numbers: str) -> dict[str, str]:
    return {f"registry/{name}/versions/{number}/version.yaml": manifest(name, number) for number in numbers}


def registry_files() -> dict[str, str]:
    """Two models, one in a namespace; the first has versions in several stages, and aliases."""
    name = "credit-approval"
    return {
        "registry/policy.yaml": POLICY,
        f"registry/{name}/model.yaml": model(name, "team: risk\ntask: classification\n"),
        f"registry/{name}/stages.yaml": STAGES,
        **versions(name, "1.0.0", "1.1.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"),
        "registry/risk/fraud/model.yaml": model("risk/fraud"),
        **versions("risk/fraud", "0.1.0"),
    }


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(root: Path, message: str = "Change", date: str = "") -> str:
    """Stage and commit everything, at `date` (as git reads it) when given; return the commit's id."""
    git(root, "add", "--all", ".")
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
    subprocess.run(
        ["git", "commit", "--quiet", "--allow-empty", "-m", message],
        cwd=root,
        env={**os.environ, **dates},
        check=True,
        capture_output=True,
    )
    return git(root, "rev-parse", "HEAD")


def new_repository(root: Path, files: Mapping[str, str | bytes] | None = None) -> Path:
    """A repository at `root` with one commit of `files`, by default those of a small registry."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet")
    write(root, registry_files() if files is None else files)
    commit(root, "Start")
    return root
