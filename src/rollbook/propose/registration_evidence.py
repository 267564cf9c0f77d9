"""The evidence that a version brings when it is registered: part of the same proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import pointer_data
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.new_evidence import evidence_content
from rollbook.propose.reference_table import reference_remarks
from rollbook.propose.registration_test import registration_test
from rollbook.records.evidence import REFERENCE, Attachment, parse_evidence
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.storage import Storage
    from rollbook.git.repository import Repository
    from rollbook.propose.received_artifact import ReceivedArtifact
    from rollbook.propose.reference_sample import ReferenceSample
    from rollbook.propose.registration_request import Registration


def registration_evidence(
    repository: Repository,
    storage: Storage,
    registration: Registration,
    received: ReceivedArtifact,
    facts: Mapping[str, Any],
    standing: str | None,
) -> dict[str, bytes]:
    """Return the files of the evidence: what was learnt before, the smoke test, which is run now, and the
    reference sample with DVC's pointer to it.

    Those of an earlier run, in the commit `standing`, are taken as they are. Raises Refused, saying why, when
    the test fails, and as `smoke_test_artifact` does when it can't be run.
    """
    model, version, stored = facts["model"], facts["version"], received.stored
    directory = layout.evidence_directory(model, version)
    kinds = [*(one.kind for one in registration.examinations), *(["smoke-test"] if registration.test else [])]
    files = _of_the_run_before(repository, standing, [f"{directory}/{kind}-1.yaml" for kind in kinds])
    new = [one for one in registration.examinations if f"{directory}/{one.kind}-1.yaml" not in files]
    if registration.test and f"{directory}/smoke-test-1.yaml" not in files:
        new.append(registration_test(storage, registration, stored, facts))
    for examination in new:
        content = evidence_content(repository, model, version, stored.digest.sha256, examination)
        require_lawful("evidence", content, "evidence")
        path = f"{directory}/{examination.kind}-1.yaml"
        files[path] = dump(content, header=schema_line("evidence", path))
    if received.reference is not None:
        reference_remarks(
            facts.get("signature") or {}, received.reference.names
        )  # refuses what can't be used
        files |= _reference(repository, received.reference, (model, version, stored.digest.sha256), standing)
    return files


def _reference(
    repository: Repository, reference: ReferenceSample, version: tuple[str, str, str], standing: str | None
) -> dict[str, bytes]:
    """Return the evidence of a reference sample and the pointer to it. What an earlier run wrote of the same
    rows stays as it is."""
    path = f"{layout.evidence_directory(*version[:2])}/{REFERENCE}-1.yaml"
    pointer = reference.stored.pointer
    content = evidence_content(repository, *version, reference.examination())
    content["attachments"] = [reference.attachment()]
    require_lawful("evidence", content, "evidence")
    before = _of_the_run_before(repository, standing, [path]).get(path)
    is_same = before is not None and [*parse_evidence(before, path).attachments] == [
        Attachment(pointer.path, reference.stored.digest.size, reference.stored.digest.sha256)
    ]
    return {
        path: before if before and is_same else dump(content, header=schema_line("evidence", path)),
        layout.attachment_pointer_path(path, pointer.path): dump(pointer_data(pointer)),
    }


def _of_the_run_before(repository: Repository, standing: str | None, paths: list[str]) -> dict[str, bytes]:
    if standing is None or not paths:
        return {}
    with Registry(repository, commit_snapshot(repository, standing)) as registry:
        found = registry.snapshot.read_many(paths)
    return {path: data for path, data in zip(paths, found, strict=True) if data is not None}
