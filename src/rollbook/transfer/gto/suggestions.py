"""What GTO's names obviously mean here: proposed to whoever takes models over, who decides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.names import is_model_name, is_version

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stages are called for short, and in full.
_USUAL_STAGES = {
    "dev": "development",
    "develop": "development",
    "stage": "staging",
    "stg": "staging",
    "preprod": "staging",
    "prod": "production",
    "prd": "production",
    "live": "production",
}


def stage_like(stage: str, known: Sequence[str]) -> str:
    """Return the stage of the policy that GTO's obviously means; STAGE where none is obvious."""
    meant = _USUAL_STAGES.get(stage.lower(), stage.lower())
    return next((name for name in known if name.lower() == meant), "STAGE")


def model_name_like(name: str) -> str:
    """Return a name like GTO's that a model can have here; NAME where none is near."""
    found = re.sub(r"[^a-z0-9/_-]+", "-", name.replace(":", "/").lower()).strip("-/_")
    return found if is_model_name(found) else "NAME"


def version_like(version: str) -> str:
    """Return a version like GTO's that can stand here: build metadata told as a pre-release; else VERSION."""
    found = version.replace("+", "." if "-" in version else "-", 1)
    return found if is_version(found) else "VERSION"
