"""A model converted in a process of its own that is shut in: one file is what it may write."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.running import model_child
from rollbook.artifact.running.answers import versions_of
from rollbook.artifact.running.model_run import NO_FORM, Rows, answered
from rollbook.artifact.running.sandbox import enclosed, isolation
from rollbook.artifact.running.trust import require_trust
from rollbook.artifact.running.version_run import signature_columns
from rollbook.errors import ModelFailed
from rollbook.records.signature import Illegible, columns
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.conversion.conversions import Conversion
    from rollbook.artifact.running.sandbox import Isolation
    from rollbook.artifact.running.version_run import RunSettings

MOST_BYTES = 2 << 30  # as much as a message of protobuf's may have
_MOST_NAMED = 100_000
_MOST_TYPES = 1000
_MOST_COUNTERPARTS = 1000
_MOST_NOTES, _LONGEST_NOTE = 20, 400


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made. `signature` is what the file itself says of its inputs and outputs, None where its
    format says nothing; `trusted_types` are those that whoever loads it has to trust; `tensors` are the
    dtype, the shape and the SHA-256 of each tensor before, where it holds weights alone; `counterparts` are
    the names of outputs before with those of what they have become, as far as the converter knows; `notes`
    say what whoever takes it has to know."""

    path: Path
    versions: Mapping[str, str]
    isolation: Isolation
    signature: Mapping[str, Any] | None
    trusted_types: tuple[str, ...]
    tensors: Mapping[str, Mapping[str, Any]]
    counterparts: Mapping[str, str]
    notes: tuple[str, ...]


def convert(
    artifact: Path,
    conversion: Conversion,
    rows: Rows | None,
    signature: Mapping[str, Any],
    settings: RunSettings,
    output: Path,
) -> Converted:
    """Write an artifact in another format at `output`, where nothing is.

    Raises Refused for what needs trust, BadCall for rows that don't fit and a library that is missing,
    ModelFailed when it can't be converted, takes more than its limits, or isn't in that format then.
    """
    if conversion.unpickles or settings.trust:  # trusted weights may be a whole module
        require_trust(artifact, conversion.source, trust=settings.trust, isolation=isolation())
    limits = replace(settings.limits, file=MOST_BYTES)
    output.touch(exist_ok=False)
    with tempfile.TemporaryDirectory(prefix="rollbook-", ignore_cleanup_errors=True) as scratch:
        home = Path(scratch, "home")
        home.mkdir()
        walls = enclosed(
            Path(sys.executable),
            Path(model_child.__path__[0]),
            artifact.absolute(),
            home,
            module="conversion_process",
            output=output,
        )
        request = {
            "format": conversion.source,
            "target": conversion.target,
            "path": walls.artifact,
            "output": walls.output,
            "names": None if rows is None or rows.names is None else [*rows.names],
            "rows": [] if rows is None else rows.cells,
            "inputs": [column.as_mapping() for column in signature_columns(signature, "inputs").values()],
            "trust": settings.trust,
            "trusted_types": [*settings.trusted_types],
        }
        answer = answered(walls, request, home, limits)
    return _converted(answer, output, conversion, walls.isolation)


def _converted(
    answer: Mapping[str, Any], output: Path, conversion: Conversion, means: Isolation
) -> Converted:
    try:
        size = answer["size"]
        converted = Converted(
            path=output,
            versions=versions_of(answer["versions"]),
            isolation=means,
            signature=_signature(answer["inputs"], answer["outputs"]),
            trusted_types=_types(answer["trusted_types"]),
            tensors=_tensors(answer["tensors"]),
            counterparts=_counterparts(answer["counterparts"]),
            notes=_notes(answer["notes"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, Illegible) as error:
        raise ModelFailed(NO_FORM) from error
    if output.is_symlink() or output.stat().st_size != size:
        raise ModelFailed("what was converted is not what was written")
    if (found := detect_format(output)) != conversion.target:
        raise ModelFailed(f"what was converted is not {conversion.target}, but {found}")
    return converted


def _signature(inputs: Any, outputs: Any) -> dict[str, Any] | None:
    if inputs is None:
        return None
    told = {"inputs": inputs, "outputs": outputs}
    return {side: [column.as_mapping() for column in columns(told, side).values()] for side in told}


def _types(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > _MOST_TYPES or not all(isinstance(one, str) for one in told):
        raise ValueError("no types")
    return tuple(one[:200] for one in told)


def _tensors(told: Any) -> dict[str, dict[str, Any]]:
    if told is None:
        return {}
    if not isinstance(told, dict) or len(told) > _MOST_NAMED:
        raise ValueError("no tensors")
    keys: Sequence[str] = ("dtype", "shape", "sha256")
    return {str(name): {key: one[key] for key in keys} for name, one in told.items()}


def _counterparts(told: Any) -> dict[str, str]:
    if not isinstance(told, dict) or len(told) > _MOST_COUNTERPARTS:
        raise ValueError("no counterparts")
    return {str(before): str(after) for before, after in told.items()}


def _notes(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > _MOST_NOTES or not all(isinstance(one, str) for one in told):
        raise ValueError("no notes")
    return tuple(one_line(one, _LONGEST_NOTE) for one in told)
