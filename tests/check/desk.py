"""Registries as plain text, put into real git repositories."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from building.bare import START, Bare, File
from rollbook.check.judge import check_change, check_merge, check_tree
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollbook.check.finding import Finding

POLICY = "registry/policy.yaml"
MODEL = "registry/credit/model.yaml"
STAGES = "registry/credit/stages.yaml"
V1 = "registry/credit/versions/1.0.0"
SHA256 = "a" * 64


def policy_text(extra: str = "") -> str:
    return f"""\
rollbook: 1
stages:
  - {{name: development, next: [staging, archived]}}
  - {{name: staging, next: [development, canary, production, archived]}}
  - {{name: canary, exclusive: true, next: [staging, production], displaced_to: staging}}
  - {{name: production, exclusive: true, next: [deprecated], displaced_to: archived}}
  - {{name: deprecated, next: [archived]}}
  - {{name: archived, next: [production]}}
{extra}"""


def model_text(name: str = "credit", extra: str = "") -> str:
    return f"name: {name}\nowner: jane@example.com\n{extra}"


def manifest_text(model: str = "credit", version: str = "1.0.0", extra: str = "") -> str:
    return f"""\
model: {model}
version: "{version}"
created_at: 2026-01-01T09:00:00Z
created_by: jane@example.com
artifact:
  path: model.onnx
  format: onnx
  size: 1200
  sha256: {SHA256}
{extra}"""


def pointer_text(size: int = 1200, path: str = "model.onnx") -> str:
    return f"outs:\n- md5: {'b' * 32}\n  size: {size}\n  hash: md5\n  path: {path}\n"


def entry(version: str, reason: str = "because", extra: str = "") -> str:
    who = "requested_by: jane@example.com, requested_at: 2026-01-02T09:00:00Z"
    return f'{{version: "{version}", reason: "{reason}", {who}{extra}}}'


def evidence_text(sha256: str = SHA256, kind: str = "evaluation", version: str = "1.0.0") -> str:
    return f"""\
kind: {kind}
model: credit
version: "{version}"
artifact_sha256: {sha256}
passed: true
created_at: 2026-01-03T09:00:00Z
created_by: jane@example.com
"""


def version_files(version: str, model: str = "credit", extra: str = "") -> dict[str, File]:
    directory = f"registry/{model}/versions/{version}"
    return {
        f"{directory}/version.yaml": manifest_text(model, version, extra),
        f"{directory}/model.onnx.dvc": pointer_text(),
    }


def model_files(*versions: str, model: str = "credit") -> dict[str, File]:
    files: dict[str, File] = {f"registry/{model}/model.yaml": model_text(model)}
    for version in versions:
        files |= version_files(version, model)
    return files


def registry_files(*versions: str) -> dict[str, File]:
    """A valid registry with one model and these versions (by default 1.0.0)."""
    return {POLICY: policy_text(), **model_files(*(versions or ("1.0.0",)))}


@dataclass
class Desk(Bare):
    """A bare repository of commits that have a branch each."""

    count: int = field(default=0)

    def commit(
        self,
        files: Mapping[str, File],
        parent: str | None = None,
        author: str = "a@example.com",
        at: int = START,
    ) -> str:
        """The id of a commit with exactly these files, made by `author` at a moment (Unix time, seconds)."""
        self.count += 1
        parents = [parent] if parent else []
        branch = f"refs/heads/b{self.count}"
        return self.put(branch, files, parents=parents, whole=True, who=f"A <{author}>", at=at)

    def check(self, files: Mapping[str, File], only: set[str] | None = None) -> list[Finding]:
        """What `check_tree` says of a commit with these files."""
        snapshot = commit_snapshot(self.repository, self.commit(files))
        try:
            return check_tree(snapshot, only)
        finally:
            snapshot.close()

    def check_change(self, before: Mapping[str, File], after: Mapping[str, File]) -> list[Finding]:
        """What `check_change` says of a commit upon another."""
        base = self.commit(before)
        old = commit_snapshot(self.repository, base)
        new = commit_snapshot(self.repository, self.commit(after, base))
        try:
            return check_change(self.repository, old, new)
        finally:
            old.close()
            new.close()

    def check_merge(self, base: str, head: str) -> tuple[list[Finding], str | None]:
        return check_merge(self.repository, base, head)


def new_desk(directory: Path) -> Desk:
    subprocess.run(["git", "init", "-q", "--bare", str(directory)], check=True)
    return Desk(directory)


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def only(findings: list[Finding], code: str) -> Finding:
    """The one finding there is, which has that code."""
    assert codes(findings) == [code], findings
    return findings[0]


def one(findings: list[Finding], code: str) -> Finding:
    """The one finding of that code among others."""
    (found,) = [finding for finding in findings if finding.code == code]
    return found
