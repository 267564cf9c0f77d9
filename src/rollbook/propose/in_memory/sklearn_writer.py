"""Estimators of scikit-learn's, and what is made as they are: skops, or joblib where that is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child.loaders import estimator
from rollbook.artifact.running.model_child.steady_skops import write_in_fixed_form
from rollbook.errors import Refused
from rollbook.propose.in_memory.model_parts import of_this_session
from rollbook.propose.in_memory.written_model import WrittenModel, needed
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.propose.in_memory.written_model import WritingRequest

_SHOWN = 20
_PICKLED = "whoever loads it runs what it says: it is unpickled"


def write_skops(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.skops`, the same bytes for the same model. Raises Refused, naming them, for types that
    skops does not know and nobody trusts: https://skops.readthedocs.io/en/stable/persistence.html"""
    persistence = needed("skops.io", "'rollbook[skops]', or ask for format=\"joblib\"")
    _require_importable(model)
    path, raw = request.folder / "model.skops", request.folder / "model.raw"
    persistence.dump(model, raw)
    foreign = sorted(persistence.get_untrusted_types(file=raw))
    if refused := [name for name in foreign if name not in request.trusted_types]:
        raise _untrusted(refused)
    with raw.open("rb") as source, path.open("wb") as target:
        write_in_fixed_form(source, target)
    raw.unlink()
    remarks = []
    if foreign:
        remarks.append(printable(f"whoever loads it has to trust the types {', '.join(foreign[:_SHOWN])}"))
    return WrittenModel(path, partial(estimator, model), trusted_types=foreign, remarks=remarks)


def _untrusted(names: list[str]) -> Refused:
    shown = printable(", ".join(names[:_SHOWN]))
    listed = printable(", ".join(f'"{name}"' for name in names[:_SHOWN]))
    return Refused(
        f"skops does not know whether these types of the model are safe to load: {shown}",
        hint=f"If you know what they are: trusted_types=[{listed}]. Or have it pickled, which whoever loads "
        'it has to trust as a whole: format="joblib".',
    )


def _require_importable(model: Any) -> None:
    if names := of_this_session(model):
        raise Refused(
            printable(f"nobody else has the classes of this session: {', '.join(names[:_SHOWN])}"),
            hint="Move them into a module that is installed where the model is loaded; "
            'or have their code taken along: flavor="sklearn" (MLflow, which pickles it).',
        )


def write_joblib(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.joblib`: https://joblib.readthedocs.io/en/stable/persistence.html"""
    joblib = needed("joblib", "joblib")
    _require_importable(model)
    path = request.folder / "model.joblib"
    joblib.dump(model, path)
    return WrittenModel(path, partial(estimator, model), needs_trust=True, remarks=[_PICKLED])
