"""A registration, as far as what is told of a version settles it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.at_address import is_address
from rollbook.propose import told_facts
from rollbook.propose.code_lineage import current_code, told_code
from rollbook.propose.registration_request import Registration
from rollbook.propose.told_model import model_record
from rollbook.propose.vouching import told_vouching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.propose.told_facts import PathLike, ToldFacts


def told_registration(
    repository: Repository,
    model: str,
    artifact: PathLike,
    facts: ToldFacts,
    *,
    version: str | None,
    bump: str | None,
    code: PathLike | Sequence[PathLike] | None,
) -> Registration:
    """Return the registration of a file, a folder, or an address of one, with its facts and the files that go
    beside its manifest. Raises BadCall for facts that make no sense."""
    fields, left_out = told_facts.manifest_fields(facts)
    reference = facts.get("reference")
    return Registration(
        model=model,
        artifact=str(artifact) if is_address(str(artifact)) else Path(artifact),
        version=told_facts.take_version(facts, fields, version, bump),
        bump=bump or "minor",
        facts=fields,
        attachments=told_facts.attach_files(facts, fields),
        record=model_record(facts),
        code=told_code(code) or current_code(repository),
        remarks=left_out,
        reference=Path(reference) if reference else None,
        vouching=told_vouching(facts),
    )
