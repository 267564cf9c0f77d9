"""Histories of a registry's main branch, written by `git fast-import` into a bare repository."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.git.repository import Repository, discover
from worlds import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging, archived]}
  - {name: staging, next: [development, production, archived]}
  - {name: production, exclusive: true, next: [archived], displaced_to: archived}
  - {name: archived, next: [production]}
"""
START = 1_767_225_600  # 2026-01-01, Unix time


def manifest(model: str, version: str, extra: str = "") -> str:
    return f"""\
model: {model}
version: "{version}"
created_at: 2026-01-01T09:00:00Z
created_by: jane@example.com
description: "what {version} brings"
artifact: {{path: model.onnx, format: onnx, size: 1200, sha256: {"a" * 64}}}
{extra}"""


def stages(**held: list[str]) -> str:
    """A stages.yaml in which each stage is held by these versions."""
    lines = []
    for stage, versions in held.items():
        lines.append(f"{stage}:")
        lines += [
            f'  - {{version: "{version}", reason: "for {stage}", requested_by: ann@example.com, '
            "requested_at: 2026-01-02T09:00:00Z}"
            for version in versions
        ]
    return "\n".join(lines) + "\n"


def registration(model: str, version: str) -> dict[str, str]:
    return {f"registry/{model}/versions/{version}/version.yaml": manifest(model, version)}


@dataclass
class History:
    """A bare repository whose main is written commit by commit; nothing is checked."""

    directory: Path
    clock: int = START
    seconds: list[int] = field(default_factory=list)

    @property
    def repository(self) -> Repository:
        return discover(self.directory)

    def commit(
        self, files: Mapping[str, str | None], *, at: int | None = None, merge: str = "", message: str = "x"
    ) -> str:
        """Add a commit to main that writes these files (None: removes); return its id."""
        self.clock += 60
        second = self.clock if at is None else at
        has_parent = subprocess.run(
            ["git", "rev-parse", "-q", "--verify", "main"], cwd=self.directory, capture_output=True
        ).stdout
        parts = [f"commit refs/heads/main\ncommitter Jane <jane@example.com> {second} +0000\n".encode()]
        parts.append(f"data {len(message.encode())}\n{message}\n".encode())
        if has_parent:
            parts.append(b"from refs/heads/main^0\n")
        if merge:
            parts.append(f"merge {merge}\n".encode())
        for path, text in files.items():
            if text is None:
                parts.append(f"D {path}\n".encode())
            else:
                data = text.encode()
                parts += [f"M 100644 inline {path}\ndata {len(data)}\n".encode(), data, b"\n"]
        subprocess.run(
            ["git", "fast-import", "--quiet"], cwd=self.directory, input=b"".join(parts), check=True
        )
        return git(self.directory, "rev-parse", "main")

    def tags(self) -> dict[str, str]:
        """Every tag's object by its name."""
        listed = git(self.directory, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags")
        pairs = (line.rpartition(" ") for line in listed.splitlines())
        return {name: oid for name, _, oid in pairs}

    def trailer(self, tag: str, key: str) -> str:
        """A trailer of a tag as git itself reads it."""
        form = f"--format=%(contents:trailers:key={key},valueonly)"
        return git(self.directory, "for-each-ref", form, f"refs/tags/{tag}").strip()


def new_history(directory: Path, policy: str = POLICY) -> History:
    git(directory.parent, "init", "-q", "--bare", directory.name)
    history = History(directory)
    history.commit({"registry/policy.yaml": policy})
    return history
