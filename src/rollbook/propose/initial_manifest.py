"""What a manifest says before its artifact is read: what was told, who made it, what it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.backfill import FIELDS as AUTHORSHIP
from rollbook.propose.backfill import authorship
from rollbook.propose.code_lineage import code_lineage
from rollbook.propose.file_facts import is_format_alone
from rollbook.propose.manifest_facts import merged, require_lawful, with_listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.propose.registration_request import Registration

# Stands for the artifact while its bytes have not been read.
_NO_ARTIFACT = {"path": "model", "format": "binary", "size": 1, "sha256": "0" * 64}
_OWN = frozenset(["model", "version", "artifact", *AUTHORSHIP])


def initial_manifest(
    repository: Repository, registration: Registration, model: str, version: str, parents: Sequence[str]
) -> dict[str, Any]:
    """Return the manifest of a registration without its artifact, judged by the schema as far as it goes.

    Raises BadCall for a field that registering fills in, or that the schema does not allow.
    """
    claimed = _OWN & registration.facts.keys()
    for name in sorted(claimed):
        value = registration.facts[name]
        if value == {"model": model, "version": version}.get(name, ()) or is_format_alone(name, value):
            continue
        way = "" if name in ("model", "version", "artifact") else " A version made before: --created-at DATE."
        raise BadCall(
            f"the field `{name}` is filled in by register", hint=f"Leave `{name}` out of the facts.{way}"
        )
    facts = {name: value for name, value in registration.facts.items() if name not in _OWN}
    facts["model"], facts["version"] = model, version
    facts |= authorship(repository, registration.created_at, registration.created_by)
    codes = [code_lineage(directory, role) for role, directory in registration.code]
    lineage = merged("lineage", facts.get("lineage"), [])
    if codes and "code" not in lineage:
        lineage["code"] = codes if len(codes) > 1 else codes[0]
    if parents:
        lineage = with_listed(lineage, "parents", parents)
    if lineage:
        facts["lineage"] = lineage
    require_lawful("version", {**facts, "artifact": _NO_ARTIFACT}, "the manifest")
    return facts
