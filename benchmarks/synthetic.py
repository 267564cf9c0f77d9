"""A realistic registry of any size, built quickly: history by `git fast-import`, tags by Rollbook."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.timing import program, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START = 1_735_689_600  # 2025-01-01T00:00:00Z
_APART = 600  # seconds between two commits
_WHO = "Jane Doe <jane@example.com>"
FIRST_MODEL = "credit-approval"
_SUBJECTS = ("fraud-score", "churn", "demand", "pricing", "search-rank", "support-triage", "upsell")

_MODEL = """\
# yaml-language-server: $schema=../../schemas/model.schema.json
name: {model}
owner: jane@example.com
team: risk
task: binary-classification
use_case: Decide which applications a person has to look at.
"""

_MANIFEST = """\
# yaml-language-server: $schema=../../../../schemas/version.schema.json
model: {model}
version: {version}
created_at: {when}
created_by: jane@example.com
description: Weekly retraining on the newest applications.
artifact:
  path: model.joblib
  format: joblib
  size: {size}
  sha256: {sha256}
framework:
  name: scikit-learn
  version: 1.5.2
algorithm: gradient-boosting
hyperparameters:
  learning_rate: 0.1
  max_depth: 6
  n_estimators: 400
metrics:
  accuracy: 0.{metric}
  auc: 0.9{metric}
  f1: 0.8{metric}
features:
  - income
  - age_of_account
  - open_credit_lines
  - late_payments
lineage:
  data:
    - name: applications
      version: "{when}"
      rows: 412000
  code:
    repository: https://git.example.com/risk/training
    commit: {commit}
    branch: main
    dirty: false
tags:
  campaign: weekly
"""

_POINTER = """\
outs:
  - md5: {md5}
    size: {size}
    hash: md5
    path: model.joblib
"""

_STAGED = """\
{stage}:
  version: {version}
  reason: The best of this week's candidates.
  requested_by: jane@example.com
  requested_at: {when}
"""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A built registry: its working tree, how many tags its trail has, and how long `audit record` took
    to write them all (seconds)."""

    path: Path
    tags: int
    record_seconds: float


def build(directory: Path, models: int, versions: int) -> Synthetic:
    """Build a registry of `models` with `versions` each, checked out at main, every event recorded.

    One commit a registration or promotion. A model's middle version goes to staging and on to production, so
    its trail has `versions + 3` events. The first model is `credit-approval`.
    """
    directory.mkdir(parents=True)
    run(directory, "git", "init", "--quiet", "--initial-branch=main")
    run(directory, program("rollbook"), "init")
    run(directory, "git", "add", ".")
    run(directory, "git", "commit", "--quiet", "-m", "Start a model registry")
    run(directory, "git", "fast-import", "--quiet", stdin=b"".join(_commits(models, versions)))
    run(directory, "git", "reset", "--quiet", "--hard")
    start = time.perf_counter()
    recorded = run(directory, program("rollbook"), "audit", "record")
    taken = time.perf_counter() - start
    # As in a clone: tags and objects come packed.
    run(directory, "git", "pack-refs", "--all")
    run(directory, "git", "repack", "-d", "--quiet")
    return Synthetic(directory, len(recorded.splitlines()), taken)


def model_names(models: int) -> list[str]:
    """The models' names: `credit-approval`, `fraud-score-001`, ..."""
    return [FIRST_MODEL, *(f"{_SUBJECTS[n % len(_SUBJECTS)]}-{n:03}" for n in range(1, models))]


def version_files(model: str, version: str, seconds: int) -> dict[str, bytes]:
    """The files of a version that was registered at a Unix time, by path."""
    # One in a million digests looks like a number and would have to be quoted; a letter in front never does.
    digest = "f" + hashlib.sha256(f"{model}@{version}".encode()).hexdigest()[1:]
    facts = {
        "model": model,
        "version": version,
        "when": _when(seconds),
        "size": 4_000_000 + int(digest[1:6], 16),
        "sha256": digest,
        "md5": digest[:32],
        "commit": digest[:40],
        "metric": int(digest[1:5], 16) % 90 + 10,
    }
    directory = f"registry/{model}/versions/{version}"
    return {
        f"{directory}/version.yaml": _MANIFEST.format(**facts).encode(),
        f"{directory}/model.joblib.dvc": _POINTER.format(**facts).encode(),
    }


def _commits(models: int, versions: int) -> Iterator[bytes]:
    """The history as `git fast-import` reads it (https://git-scm.com/docs/git-fast-import)."""
    names = model_names(models)
    seconds = _START
    middle = versions // 2
    for number in range(versions):
        version = f"1.{number}.0"
        for model in names:
            seconds += _APART
            files = version_files(model, version, seconds)
            if number == 0:
                files[f"registry/{model}/model.yaml"] = _MODEL.format(model=model).encode()
            yield _commit(f"Register {model}@{version}", seconds, files, first=seconds == _START + _APART)
        if number != middle:
            continue
        for stage in ("staging", "production"):
            for model in names:
                seconds += _APART
                staged = _STAGED.format(stage=stage, version=version, when=_when(seconds))
                files = {f"registry/{model}/stages.yaml": staged.encode()}
                yield _commit(f"Promote {model}@{version} to {stage}", seconds, files)


def _commit(message: str, seconds: int, files: dict[str, bytes], *, first: bool = False) -> bytes:
    parts = [
        f"commit refs/heads/main\ncommitter {_WHO} {seconds} +0000\n".encode(),
        _data(message.encode()),
        b"from refs/heads/main^0\n" if first else b"",
    ]
    for path, content in files.items():
        parts += [f"M 100644 inline {path}\n".encode(), _data(content)]
    return b"".join(parts)


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
