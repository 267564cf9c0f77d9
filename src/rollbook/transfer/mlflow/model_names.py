"""What a model is called in the registry, of which MLflow's users know another name.

MLflow lets a model be called almost anything; a registry's names are folders. A name that can't be one gets
one that is like it, and stands in model.yaml, as `extra.mlflow.name`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.names import is_model_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNFIT = re.compile(r"[^a-z0-9]+")
_LONGEST = 64


def folder_name(name: str) -> str:
    """Return the name in the registry of the model that MLflow's users call so. Raises BadCall where nothing
    of it can be one."""
    if is_model_name(name):
        return name
    fit = _UNFIT.sub("-", name.casefold()).strip("-")[:_LONGEST].strip("-")
    for candidate in (fit, f"model-{fit}"):
        if is_model_name(candidate):
            return candidate
    raise BadCall(f"no model can be called {name[:80]!r}", hint="Use letters, digits and hyphens.")


def told_name(model: str, extra: Mapping[str, Any]) -> str:
    """Return what MLflow's users call a model, whose model.yaml has this `extra`."""
    own = extra.get("mlflow")
    name = own.get("name") if isinstance(own, dict) else None
    return name if isinstance(name, str) and name and folder_name(name) == model else model
