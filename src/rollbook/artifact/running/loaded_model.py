"""A registered version as the object that its library knows, in this process.

What is loaded here is shut in by nothing. So more has to be trusted than where a process of its own runs a
model: whatever brings code, and whatever a scan does not find clean.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.running.model_child.loaders import LOADERS
from rollbook.artifact.running.model_child.model_process import guarded
from rollbook.artifact.running.model_child.model_rows import Failed
from rollbook.artifact.running.model_run import installing
from rollbook.artifact.running.trust import require_trust, require_trust_in_this_process
from rollbook.artifact.signature_check import require_signed_as_asked
from rollbook.errors import BadCall, ModelFailed, Refused, RollbookError
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.registry.model_version import ModelVersion

# What reads its files when it is asked, not when it is loaded: they stay for as long as the model does.
_READ_LATER = frozenset(["mlflow-model", "tf-saved-model"])
_SHOWN = 300
_HOW = "If you know who made it: load(trust=True). Or have predict() run it, shut in."


def load_version(
    version: ModelVersion,
    *,
    trust: bool = False,
    trusted_types: Sequence[str] = (),
    remote: str | None = None,
    progress: Progress | None = None,
) -> Any:
    """Return the model of a version; see `ModelVersion.load`.

    Its bytes come into a folder that only this user may enter, are verified on the way, and are loaded from
    there.
    """
    form = version.artifact.format
    if form not in LOADERS:
        hint = f"These can: {', '.join(sorted(LOADERS))}. Its bytes come by fetch()."
        raise BadCall(f"a model in the format {form[:40]!r} can't be loaded", hint=hint)
    require_signed_as_asked(version)
    folder = Path(tempfile.mkdtemp(prefix="rollbook-"))
    is_kept = False
    try:
        artifact = fetch_version(version, folder, remote=remote, progress=progress)
        require_trust(artifact, form, trust=trust, isolation="none", how=_HOW)
        if not trust:
            require_trust_in_this_process(artifact, form, _HOW)
        model = opened_artifact(artifact, form, trust, trusted_types)
        is_kept = form in _READ_LATER and _removed_with(model, folder)
        return model
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)


def opened_artifact(artifact: Path, form: str, trust: bool, trusted_types: Sequence[str]) -> Any:
    """Return what the library of a format makes of bytes that are at hand and trusted as they need."""
    opener, _, _ = LOADERS[form]
    request = {"trust": trust, "trusted_types": [*trusted_types]}
    try:
        return guarded("load", lambda: opener(str(artifact), request))
    except Failed as failure:
        raise _explained(failure) from failure


def _explained(failure: Failed) -> RollbookError:
    said = printable(" ".join(str(failure).split())[:_SHOWN])
    if failure.kind == "library":
        return BadCall(f"the model can't be loaded here: {said}", hint=f"{installing(failure.library)}.")
    if failure.kind == "trust":
        hint = "Read what they are; then name them: load(trusted_types=[...])."
        return Refused(f"the model needs trust: {said}", hint=hint)
    return ModelFailed(f"the model can't be loaded: {said}")


def _removed_with(model: Any, folder: Path) -> bool:
    """Have a folder removed once the model is gone, or this process ends; return whether that can be."""
    try:
        weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    except TypeError:
        return False
    return True
