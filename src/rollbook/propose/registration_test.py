"""The smoke test of a version while it is registered: its evidence is part of the same proposal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import Refused
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.new_evidence import evidence_content
from rollbook.propose.smoke_test import SmokeTestSubject, smoke_test_artifact
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.propose.registration import Registration


def registration_test(
    repository: Repository,
    storage: Storage,
    registration: Registration,
    stored: Stored,
    facts: Mapping[str, Any],
    standing: str | None,
) -> dict[str, bytes]:
    """Run what is to be registered on its sample; return the file of the evidence that it passed, none when
    no test is asked for.

    That of an earlier run, in the commit `standing`, is taken as it is. Raises Refused, saying why, when it
    fails, and as `smoke_test_artifact` does when it can't be run.
    """
    if registration.test is None:
        return {}
    model, version = facts["model"], facts["version"]
    path = f"{layout.evidence_directory(model, version)}/smoke-test-1.yaml"
    if standing is not None:
        with Registry(repository, commit_snapshot(repository, standing)) as registry:
            (found,) = registry.snapshot.read_many([path])
        if found is not None:
            return {path: found}
    with tempfile.TemporaryDirectory(prefix="rollbook-") as folder:
        artifact = storage.fetch(
            stored.pointer,
            sha256=stored.digest.sha256,
            size=stored.digest.size,
            destination=Path(folder, stored.pointer.path),
        )
        subject = SmokeTestSubject(
            artifact,
            stored.format,
            facts.get("signature") or {},
            facts.get("environment") or {},
            registration.attachments,
        )
        test = smoke_test_artifact(subject, registration.test)
    if not test.passed:
        hint = "Nothing was proposed. Mend the model; or register without --test, and say later what fails."
        raise Refused(f"the smoke test fails: {'; '.join(test.faults)}", hint=hint)
    content = evidence_content(repository, model, version, stored.digest.sha256, test.examination())
    require_lawful("evidence", content, "evidence")
    return {path: dump(content, header=schema_line("evidence", path))}
