"""What is read of models and their versions."""

from typing import Any

from fastapi import APIRouter

from rollbook.web.identity.caller import Right
from rollbook.web.service.asking import AskedStanding, AskingCaller
from rollbook.web.service.kept_answers import fixed_by_commit
from rollbook.web.service.shapes import model_row, version_document

router = APIRouter()


@router.get("/models")
@fixed_by_commit
def list_models(caller: AskingCaller, standing: AskedStanding) -> dict[str, Any]:
    """List the models, their versions, and which of them is in production."""
    caller.require(Right.CATALOG)
    listed = standing.registry.list()
    return {"models": [model_row(model) for model in listed if caller.may_see(model.model)]}


@router.get("/models/{name}/{reference}")
@fixed_by_commit
def show_version(caller: AskingCaller, standing: AskedStanding, name: str, reference: str) -> dict[str, Any]:
    """Show a version, named by itself, by a stage, or by an alias."""
    shown = standing.registry.show(f"{name}@{reference.removeprefix('@')}")
    caller.require(Right.READ, shown.model, shown.stage)
    return version_document(shown)
