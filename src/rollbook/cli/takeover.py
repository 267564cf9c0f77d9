"""Telling what a takeover does, before and after."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli.output import print_json, print_table, say, size

if TYPE_CHECKING:
    from collections.abc import Sized

    from rollbook.git.repository import Repository
    from rollbook.transfer.gto.takeover import TakenOver
    from rollbook.transfer.gto.takeover_plan import Note, Plan, PlannedModel, PlannedVersion


def report_plan(plan: Plan, *, as_json: bool) -> None:
    """Print a plan; exit with 1 when something has to be decided first."""
    if as_json:
        print_json(_as_data(plan))
    else:
        print_table(
            ["model", "version", "stage", "registered at", "by", "artifact", "kept in", "tag"],
            [_row(model, version) for model in plan.models for version in model.versions],
        )
        _say_notes(plan)
    if plan.problems:
        sys.stdout.flush()
        raise click.exceptions.Exit(1)


def report_takeover(repository: Repository, taken: TakenOver, *, then: str | None, as_json: bool) -> None:
    """Print what was proposed, and carry on with it as asked."""
    from rollbook.cli.proposed import carry_on

    if not as_json:
        for model in taken.plan.models:
            tags = _count(model.origin.tags, "tag")
            say(f"{model.name}: {_count(model.versions, 'version')}, {tags} of GTO's")
        for finding in taken.findings:
            say(f"{finding.severity}: {finding.path}: {finding.message}")
        _say_notes(taken.plan)
        say(f"{size(taken.uploaded)} went to the DVC remote")
    carried = carry_on(repository, taken.branch, then=then, quiet=as_json)
    if as_json:
        found = {**_as_data(taken.plan), "branch": taken.branch, "commit": taken.commit}
        for model in found["models"]:
            for version in model["versions"]:
                stored = taken.stored[f"{model['model']}@{version['version']}"]
                version["sha256"], version["size"] = stored.digest.sha256, stored.digest.size
        print_json({**found, "uploaded": taken.uploaded, **carried})


def _count(items: Sized, what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _row(model: PlannedModel, version: PlannedVersion) -> list[str]:
    said = version.annotation
    return [
        model.name,
        version.version,
        version.placing.stage,
        version.tag.at,
        version.tag.by,
        said.path,
        _kept_in(version),
        version.tag.tag,
    ]


def _kept_in(version: PlannedVersion) -> str:
    from rollbook.transfer.gto.gto_artifacts import InGit

    return "git" if isinstance(version.source, InGit) else "dvc"


def _say_notes(plan: Plan) -> None:
    for model in plan.models:
        for version in model.versions:
            for remark in _remarks(version):
                say(f"{model.name}@{version.version}: {remark}")
    for note in plan.skipped:
        say(f"left out: {note.what}: {note.why}{_hint(note)}")
    for note in plan.problems:
        say(f"to be decided: {note.what}: {note.why}{_hint(note)}")


def _remarks(version: PlannedVersion) -> list[str]:
    placing = version.placing
    found = [f"leaves {stage}, where it stood besides" for stage in placing.besides]
    if placing.displaced_by:
        found.append(
            f"goes to {placing.stage}: {placing.displaced_by} came into {placing.displaced_from} after it"
        )
    return found


def _hint(note: Note) -> str:
    return f" ({note.hint})" if note.hint else ""


def _as_data(plan: Plan) -> dict[str, Any]:
    return {
        "models": [
            {
                "model": model.name,
                "gto_name": model.origin.name,
                "stages": dict(model.origin.stages),
                "tags": len(model.origin.tags),
                "versions": [_version(version) for version in model.versions],
            }
            for model in plan.models
        ],
        "skipped": [_note(note) for note in plan.skipped],
        "problems": [_note(note) for note in plan.problems],
    }


def _version(version: PlannedVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "stage": version.placing.stage,
        "registered_at": version.tag.at,
        "registered_by": version.tag.by,
        "path": version.annotation.path,
        "kept_in": _kept_in(version),
        "tag": version.tag.tag,
        "tag_object": version.tag.object,
        "commit": version.tag.commit,
        "remarks": _remarks(version),
    }


def _note(note: Note) -> dict[str, str]:
    return {"what": note.what, "why": note.why, "hint": note.hint}
