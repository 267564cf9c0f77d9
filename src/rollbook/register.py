"""Registering a version: its bytes go to the DVC remote, its manifest and pointer into a proposal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import pointer_data
from rollbook.artifact.progress import quiet
from rollbook.artifact.storage import open_storage
from rollbook.code_lineage import code_lineage
from rollbook.contract import schema_line, violations
from rollbook.errors import BadCall, Refused
from rollbook.git.repository import main_commit
from rollbook.git.write import identity
from rollbook.names import bump, normalise_version, require_model_name
from rollbook.proposal import Proposal, branch_name, commit_proposal, judge, refuse_standing
from rollbook.registry import Registry, model_names
from rollbook.snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Stored
    from rollbook.git.repository import Repository

# The order of a manifest's fields, as a person reads them.
_ORDER = (
    "model", "version", "created_at", "created_by", "description", "artifact", "framework", "algorithm",
    "hyperparameters", "metrics", "features", "signature", "training", "environment", "lineage", "tags",
    "card", "extra",
)  # fmt: skip
_OWN = frozenset(["model", "version", "created_at", "created_by", "artifact"])


@dataclass(frozen=True, slots=True)
class Registration:
    """What shall be registered.

    `version` or else `bump` ("major", "minor", "patch") decides the version. `facts` are fields of the
    manifest, in its own shape; `attachments` are further files of the version, by name (`requirements.txt`,
    `sample-input.json`, `card.md`); `record` are fields of model.yaml, used when the model is new. `code` is
    the directory whose git repository the model was trained from, None for none.
    """

    model: str
    artifact: Path
    version: str | None = None
    bump: str = "minor"
    facts: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    code: Path | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration that was proposed. `twins` are the versions registered before with the same bytes;
    `uploaded` counts the bytes that went to the remote."""

    model: str
    version: str
    branch: str
    commit: str
    sha256: str
    size: int
    format: str
    uploaded: int
    twins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is settled before any byte is read."""

    base: str
    model: str
    version: str
    branch: str
    new_model: bool
    facts: dict[str, Any]


def register(repository: Repository, wanted: Registration, progress: Progress = quiet) -> Registered:
    """Store the artifact in the DVC remote, and propose its version: a branch with one commit.

    Everything that can be judged without the bytes is judged first. Raises BadCall for facts that the schema
    does not allow, Refused for a version that exists or a change that the check refuses, StorageFailed when
    the bytes can't be stored. Then there is no branch.
    """
    plan = _plan(repository, wanted)
    assert repository.work_tree is not None
    storage = open_storage(repository.work_tree)
    stored = storage.add(wanted.artifact, wanted.artifact.name, progress)
    files = _files(plan, wanted, stored)
    judge(repository, plan.base, files).require("the registry refuses this version")
    uploaded = storage.push(stored.pointer, progress)
    message = f"Register {plan.model}@{plan.version}\n\n{plan.facts.get('description', '')}".rstrip() + "\n"
    commit = commit_proposal(repository, Proposal(plan.branch, plan.base, message, files))
    return Registered(
        model=plan.model,
        version=plan.version,
        branch=plan.branch,
        commit=commit,
        sha256=stored.digest.sha256,
        size=stored.digest.size,
        format=stored.format,
        uploaded=uploaded,
        twins=_twins(repository, plan.base, stored.pointer.md5),
    )


def _plan(repository: Repository, wanted: Registration) -> _Plan:
    model = require_model_name(wanted.model)
    if repository.work_tree is None:
        raise BadCall("a version can't be registered in a bare repository", hint="Use a clone of it.")
    if not wanted.artifact.exists():
        raise BadCall(f"{wanted.artifact} does not exist", hint="Name the model's file or folder.")
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        _ = registry.policy
        known = model in model_names(registry.snapshot)
        versions = registry.model(model).version_names if known else []
    version = _next_version(model, versions, wanted)
    branch = branch_name("register", model, version)
    refuse_standing(repository, branch)
    return _Plan(base, model, version, branch, not known, _facts(repository, wanted, model, version))


def _next_version(model: str, versions: Sequence[str], wanted: Registration) -> str:
    if wanted.version is None:
        return bump(versions[-1] if versions else None, wanted.bump)
    version = normalise_version(wanted.version)
    if version in versions:
        raise Refused(
            f"{model} has a version {version} already; versions are never overwritten",
            hint="Use --bump, or a version of your own above "
            f"{versions[-1]}, e.g. --version {bump(versions[-1], 'patch')}",
        )
    return version


def _facts(repository: Repository, wanted: Registration, model: str, version: str) -> dict[str, Any]:
    """The manifest without its artifact, judged by the schema as far as it goes."""
    claimed = _OWN & wanted.facts.keys()
    for name in sorted(claimed):
        expected = {"model": model, "version": version}.get(name)
        if name != "artifact" and wanted.facts[name] == expected:
            continue
        raise BadCall(
            f"the field `{name}` is filled in by register", hint=f"Leave `{name}` out of the facts."
        )
    facts = {name: value for name, value in wanted.facts.items() if name not in _OWN}
    facts["model"], facts["version"] = model, version
    facts["created_at"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts["created_by"] = identity(repository).email
    code = code_lineage(wanted.code, registry=repository) if wanted.code else None
    lineage = dict(facts.get("lineage") or {})
    if code and "code" not in lineage:
        facts["lineage"] = {**lineage, "code": code}
    sample = {"path": "model", "format": "binary", "size": 1, "sha256": "0" * 64}
    wrong = violations("version", {**facts, "artifact": sample})
    if wrong:
        lines = [f"{'.'.join(map(str, item.path))}: {item.message}" for item in wrong]
        raise BadCall("the facts are not what a manifest can hold: " + "; ".join(lines), hint=wrong[0].hint)
    return facts


def _files(plan: _Plan, wanted: Registration, stored: Stored) -> dict[str, bytes]:
    artifact: dict[str, Any] = {
        "path": stored.pointer.path,
        "format": stored.format,
        "size": stored.digest.size,
        "sha256": stored.digest.sha256,
    }
    if stored.pointer.files is not None:
        artifact["files"] = stored.pointer.files
    whole = {**plan.facts, "artifact": artifact}
    manifest = {name: whole[name] for name in _ORDER if name in whole}
    directory = layout.version_directory(plan.model, plan.version)
    files = {
        layout.manifest_path(plan.model, plan.version): _yaml("version", plan.model, plan.version, manifest),
        layout.pointer_path(plan.model, plan.version, stored.pointer.path): dump(
            pointer_data(stored.pointer)
        ),
        **{f"{directory}/{name}": data for name, data in wanted.attachments.items()},
    }
    if plan.new_model:
        record = {"name": plan.model, "owner": plan.facts["created_by"], **wanted.record}
        path = layout.model_path(plan.model)
        files[path] = dump(record, header=schema_line("model", path))
    return files


def _yaml(schema: str, model: str, version: str, data: Mapping[str, Any]) -> bytes:
    return dump(data, header=schema_line(schema, layout.manifest_path(model, version)))


def _twins(repository: Repository, base: str, md5: str) -> tuple[str, ...]:
    """The versions in `base` whose pointer names the same bytes."""
    listed = repository.try_text(
        "grep",
        "--name-only",
        "--full-name",
        "-z",
        "-F",
        "-e",
        f"md5: {md5}",
        base,
        "--",
        f"{layout.ROOT}/*.dvc",
    )
    paths = (name.partition(":")[2] for name in (listed or "").split("\0")[:-1])
    places = (layout.place(path) for path in paths)
    return tuple(sorted(f"{place.model}@{place.version}" for place in places if place.version))
