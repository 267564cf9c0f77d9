"""A registration over HTTP: what was sent, named or fetched goes to DVC's cache, then into a change."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.artifact.at_address import address_name
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.guarded_download import download
from rollbook.artifact.retrieval import fetch_version
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.trees import files_holding
from rollbook.layout import ROOT, place
from rollbook.names import require_model_name
from rollbook.propose import told_facts
from rollbook.propose.artifact_names import artifact_name
from rollbook.propose.proposal import Write
from rollbook.propose.received_artifact import received_artifact
from rollbook.propose.registration import prepare
from rollbook.propose.registration_remarks import twins
from rollbook.propose.registration_request import Registration
from rollbook.propose.stores import open_store, store_without_clone
from rollbook.propose.told_model import model_record
from rollbook.propose.vouching import told_vouching
from rollbook.web.identity.caller import Right

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rollbook.artifact.storage import Storage
    from rollbook.git.repository import Repository
    from rollbook.propose.received_artifact import ReceivedArtifact
    from rollbook.web.service.writing.asked_write import AskedWrite
    from rollbook.web.service.writing.reception import Received
    from rollbook.web.service.writing.told_registering import Registering
    from rollbook.web.service.writing.write_settings import WriteSettings

HOW = (
    "Send it as the part `artifact` of a multipart/form-data body, with the facts as JSON in `facts`;"
    ' or name it: "artifact": {"sha256": "..."} of a version here, or {"url": "https://..."}.'
)
FILES = ("sample_input", "sample_output", "signature", "reference", "requirements", "card")
# What is told by fields that `register` has under the same names.
_FACTS = (
    "description", "algorithm", "metrics", "params", "tags", "framework", "python", "run", "features",
    "feature_pipeline", "preprocessing", "inputs", "outputs", "trained_at", "training_started",
    "training_ended", "training_duration", "training_rows", "limitations", "protected_groups",
    "display_name", "owner", "team", "task", "use_case", "model_description", "model_tags", "compliance",
    "data_classification",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version whose artifact is in DVC's cache, ready to be planned upon any commit."""

    asked: AskedWrite
    registration: Registration
    artifact: ReceivedArtifact

    def plan(self, base: str) -> tuple[Write, Mapping[str, Any]]:
        """Return the change that registers it upon a commit, and what is told of it. Raises as `prepare`."""
        repository = self.asked.served.repository
        prepared = prepare(repository, self.registration, onto=base, received=self.artifact)
        version = prepared.version
        # Of models that the caller may not see, they aren't told either that the same bytes are theirs.
        same = [
            twin
            for twin in twins(repository, base, prepared.pointers[0].md5)
            if self.asked.caller.may_see(twin.partition("@")[0])
        ]
        told = {
            "model_id": f"{version.model}-v{version.version}",
            "model": version.model,
            "version": version.version,
            "artifact": {"sha256": version.sha256, "size": version.size, "format": version.format},
            "twins": same,
            "lacking": [*version.lacking],
            "remarks": [*version.remarks],
        }
        return Write(prepared.change, lambda: prepared.upload(repository)), told


@contextmanager
def new_version(
    asked: AskedWrite, body: Registering, came: Received, settings: WriteSettings
) -> Iterator[NewVersion]:
    """Bring what is registered into DVC's cache; when an error ends the block, it leaves the cache again.

    Raises BadCall for facts that make no sense, Refused without an artifact, for one with another digest, and
    for one that is broken or malicious; and as what gets it does.
    """
    repository = asked.served.repository
    require_model_name(body.name)
    registration = _registration(asked, body, came, settings)
    name = artifact_name(registration.artifact, registration.name)  # type: ignore[arg-type]
    with opened_store(repository, asked.served.now().commit) as storage:
        artifact = received_artifact(repository, storage, registration, name, lambda *_: None)
        try:
            yield NewVersion(asked, registration, artifact)
        except BaseException:
            storage.forget(artifact.stored)
            raise


@contextmanager
def opened_store(repository: Repository, base: str) -> Iterator[Storage]:
    """Open the storage that a write upon the commit `base` puts bytes into, also where there is no clone.
    Raises as `open_store` and `store_without_clone` do."""
    if repository.work_tree is not None:
        yield open_store(repository, base)
        return
    with store_without_clone(repository, base) as storage:
        yield storage


def _registration(
    asked: AskedWrite, body: Registering, came: Received, settings: WriteSettings
) -> Registration:
    told: dict[str, Any] = {name: getattr(body, name) for name in _FACTS}
    told["data"] = [one.model_dump(exclude_none=True) for one in body.data]
    for part in FILES:
        if file := came.one(part):
            told[part] = file.path
    for part in ("card", "requirements"):
        if text := getattr(body, part):
            if part in told:
                raise BadCall(f"{part} is told twice", hint="Send it as a part, or in the facts.")
            told[part] = came.spool / f"{part}.txt"
            told[part].write_text(text, encoding="utf-8")
    told["provenance"] = [file.path for file in came.of("provenance")]
    if body.manifest:
        told["source"] = came.spool / "manifest.json"
        told["source"].write_text(json.dumps(body.manifest), encoding="utf-8")
    facts: Any = {name: value for name, value in told.items() if value not in (None, [], {})}
    fields, left_out = told_facts.manifest_fields(facts)
    version = told_facts.take_version(facts, fields, body.version, body.bump)
    attachments = told_facts.attach_files(facts, fields)
    artifact, name = _artifact(asked, body, came, settings)
    return Registration(
        model=body.name,
        artifact=artifact,
        version=version,
        bump=body.bump or "minor",
        facts=fields,
        attachments=attachments,
        record=model_record(facts),
        parents=body.parents,
        name=name,
        remarks=left_out,
        created_at=body.created_at,
        created_by=body.created_by,
        reference=facts.get("reference"),
        vouching=told_vouching(facts),
    )


def _artifact(
    asked: AskedWrite, body: Registering, came: Received, settings: WriteSettings
) -> tuple[Path, str]:
    """Return where the artifact is, and what it is called."""
    told, sent = body.artifact, came.of("artifact")
    given = told.name if told else None
    digest, url = (told.sha256, told.url) if told else (None, None)
    if sent and url:
        raise BadCall("the artifact is sent and named by its address as well", hint="Do one of the two.")
    if len(sent) > 1:
        path, name = _folder(came), given
        if name is None:
            raise BadCall("a folder's name is not told", hint='Say "artifact": {"name": "model"}.')
    elif sent:
        path, name = sent[0].path, given or sent[0].name.replace("\\", "/").rpartition("/")[2]
    elif url:
        path, name = _downloaded(url, came, settings), given or address_name(url.partition("#")[0])
    elif digest:
        return _standing(asked, digest, came, given)
    else:
        raise Refused("there is no artifact to register", hint=HOW)
    if digest and (found := digest_artifact(path).sha256) != digest:
        raise Refused(f"the artifact has the SHA-256 {found}, not {digest}", hint="Send it again, whole.")
    return path, name


def _folder(came: Received) -> Path:
    """Return the folder of the files that were sent under relative paths."""
    sent = came.of("artifact")
    if reason := unsafe_paths(file.name for file in sent):
        raise BadCall(f"the parts `artifact` make no folder: {reason}", hint="Name each by its path in it.")
    folder = came.spool / "artifact"
    for file in sent:
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.path.rename(target)
    return folder


def _downloaded(url: str, came: Received, settings: WriteSettings) -> Path:
    if not settings.urls:
        raise Refused("this service gets no artifacts from elsewhere", hint="Send the artifact itself.")
    target = came.spool / "downloaded"
    download(url, target, settings.download)
    return target


def _standing(asked: AskedWrite, digest: str, came: Received, name: str | None) -> tuple[Path, str]:
    """Return the artifact of a version that has a digest, fetched and verified. Of one that the caller may
    not fetch they learn no more than of none."""
    now = asked.served.now()
    for path in files_holding(asked.served.repository, now.commit, digest, f"{ROOT}/**/version.yaml"):
        where = place(path)
        if not where.model or not where.version:
            continue
        version = now.registry.version(f"{where.model}@{where.version}")
        may_fetch = asked.caller.may(Right.FETCH, where.model, version.stage)
        if version.removal is not None or version.artifact.sha256 != digest or not may_fetch:
            continue
        folder = came.spool / "standing"
        folder.mkdir()
        return fetch_version(version, folder), name or version.artifact.path
    raise NotFound(f"no version that you may fetch has an artifact with the SHA-256 {digest}", hint=HOW)
