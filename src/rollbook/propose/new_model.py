"""Registering a model that has no version yet: its model.yaml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import Refused
from rollbook.git.write import identity
from rollbook.names import require_model_name
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository


def plan_model(
    repository: Repository, base: str, model: str, fields: Mapping[str, Any] | None = None
) -> PlannedChange:
    """Return a new model's model.yaml upon the commit `base`. `fields` are its other fields; its owner is who
    makes it, where they name none. Raises BadCall for what can't stand there, Refused for a model that is
    there."""
    require_model_name(model)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.require()
        if registry.has_model(model):
            raise Refused(f"there is a model {model} already", hint=f"See it: rollbook show {model}")
    record = {"name": model, "owner": identity(repository).email, **(fields or {})}
    require_lawful("model", record, "model.yaml")
    path = layout.model_path(model)
    files: dict[str, bytes | None] = {path: dump(record, header=schema_line("model", path))}
    proposal = Proposal(branch_name("model", model, "new"), base, f"Add the model {model}\n", files)
    return PlannedChange(proposal, f"the model {model} can't be added")
