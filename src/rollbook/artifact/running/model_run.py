"""A model run on rows, in a process of its own: what came out, how long it took, how it was shut in."""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running import model_child
from rollbook.artifact.running.answers import Output, outputs_of, seconds_of, versions_of
from rollbook.artifact.running.bounded_process import BoundedEnd, Limits, run_bounded_process
from rollbook.artifact.running.sandbox import Isolation, enclosed, isolation
from rollbook.artifact.running.trust import require_trust
from rollbook.errors import BadCall, ModelFailed, Refused
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.running.sandbox import Enclosed
    from rollbook.records.signature import Column

# The formats that can be run, each with the extra that installs what runs it.
RUNNABLE: Mapping[str, str] = {
    "onnx": "onnx",
    "skops": "skops",
    "joblib": "skops",
    "pickle": "skops",
    "xgboost-json": "xgboost",
    "xgboost-ubj": "xgboost",
    "lightgbm-text": "lightgbm",
    "torchscript": "torch",
    "torch-export": "torch",
    "pytorch": "torch",
    "mlflow-model": "mlflow",
    "catboost": "",
    "keras": "",
    "tf-saved-model": "",
}
_EXTRAS = {
    "onnxruntime": "onnx", "skops": "skops", "sklearn": "skops", "joblib": "skops", "xgboost": "xgboost",
    "lightgbm": "lightgbm", "torch": "torch", "mlflow": "mlflow", "pandas": "pandas", "numpy": "onnx",
    "skl2onnx": "convert", "onnxmltools": "convert", "onnx": "convert", "safetensors": "convert",
}  # fmt: skip
_SIGNALS = {
    9: "it was killed, as a system does that runs out of memory",
    11: "it crashed",
    6: "it gave up",
    24: "it took more than its time of the processor",
    25: "it wrote more than it may",
}
# How C++, ONNX Runtime, PyTorch and TensorFlow say that they got no memory.
_NO_MEMORY = (
    "bad_alloc",
    "bad allocation",
    "ailed to allocate memory",
    "t allocate memory",
    "OOM when allocating",
)
_MOST_VALUES = 2_000_000
# What is said of an answer that hasn't its form.
NO_FORM = "the model's process did not answer as it must"
_SHOWN = 300
_GRACE = 5  # seconds


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to feed: the names of their columns, None where they have none, and the cells, row by row. A cell
    is a number, a text, true, false or None, or a list of them where an input is a tensor."""

    names: tuple[str, ...] | None
    cells: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ModelRun:
    """How a model ran. `load_seconds` is from importing its library to being ready; `latencies` are seconds,
    one for each time that the rows were predicted after the first; `peak_memory` is in bytes; `isolation`
    says by what it was shut in; `versions` are those of Python and the libraries that ran it."""

    outputs: tuple[Output, ...]
    rows: int
    load_seconds: float
    latencies: tuple[float, ...]
    peak_memory: int
    isolation: Isolation
    versions: Mapping[str, str] = field(default_factory=dict)

    def output(self, name: str) -> Output | None:
        """Return an output by its name; None where it has none so called."""
        return next((one for one in self.outputs if one.name == name), None)


def run_model(
    artifact: Path | ArtifactBytes,
    form: str,
    rows: Rows,
    *,
    inputs: Sequence[Column] = (),
    trust: bool = False,
    trusted_types: Sequence[str] = (),
    limits: Limits | None = None,
    python: Path | None = None,
    repeats: int = 20,
) -> ModelRun:
    """Run a model of the format `form` on rows, in a process of its own that is shut in as well as the system
    allows; return what came out.

    `inputs` are those of its signature; `trust` lets formats run that are unpickled, `trusted_types` the
    types of skops that are named; `python` is the interpreter of the environment, by default this one.
    Raises Refused for what needs trust, BadCall for a format that can't be run, rows that don't fit and a
    library that is missing, ModelFailed when the model gives no answer or takes more than its limits.
    """
    if form not in RUNNABLE:
        raise BadCall(f"a model in the format {form[:40]!r} can't be run", hint=_what_can_be())
    require_trust(artifact, form, trust=trust, isolation=isolation())
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="rollbook-", ignore_cleanup_errors=True) as scratch:
        home = Path(scratch, "home")
        home.mkdir()
        placed = _placed(artifact, Path(scratch))
        walls = enclosed(python or Path(sys.executable), Path(model_child.__path__[0]), placed, home)
        request = {
            "format": form,
            "path": walls.artifact,
            "names": None if rows.names is None else [*rows.names],
            "rows": rows.cells,
            "inputs": [column.as_mapping() for column in inputs],
            "trust": trust,
            "trusted_types": [*trusted_types],
            "repeats": repeats,
            "repeat_seconds": limits.seconds / 4,
            "most_values": _MOST_VALUES,
        }
        answer = answered(walls, request, home, limits)
    return _run(answer, walls.isolation, rows)


def _what_can_be() -> str:
    return f"These can: {', '.join(sorted(RUNNABLE))}."


def _placed(artifact: Path | ArtifactBytes, scratch: Path) -> Path:
    """Return where the artifact's bytes are under its own name; those of a folder are copied there."""
    if isinstance(artifact, Path):
        return artifact.absolute()
    folder = scratch / "artifact"
    folder.mkdir()
    place = folder / artifact.name
    if not artifact.is_folder:
        place.symlink_to(artifact.files[artifact.name].absolute())
        return place
    for path, source in artifact.files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return place


def answered(walls: Enclosed, request: Mapping[str, Any], home: Path, limits: Limits) -> dict[str, Any]:
    """Return what an enclosed program answers to a request, which nobody vouches for. Within which limits it
    works, and where it finds packages, is added to the request.

    Raises ModelFailed where it answers nothing or takes more than its limits, and what it says that failed.
    """

    bounds = {
        "paths": [*walls.paths],
        "seconds": math.ceil(limits.seconds) + _GRACE,
        "limits": limits.for_itself(counts_processes=walls.isolation != "none"),
    }

    def told(descriptor: int) -> bytes:
        try:
            return json.dumps({**request, **bounds, "answer": descriptor}).encode()
        except (TypeError, ValueError) as error:
            raise BadCall(f"the rows can't be passed on: {error}", hint="Give plain values.") from error

    try:
        end = run_bounded_process(walls, told, home, limits)
    except OSError as error:
        raise BadCall(f"{walls.command[0]} can't be run: {error.strerror}") from error
    if end.stopped:
        hint = "Give it more with --timeout or --memory, if it is meant to take that."
        raise ModelFailed(f"the model was ended: {end.stopped}", hint=hint)
    if not end.answer:
        raise _no_answer(end)
    try:
        answer = json.loads(end.answer)
        if "failed" in answer:
            raise _failure(str(answer["failed"]), str(answer["message"]), str(answer["library"]), limits)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFailed(NO_FORM) from error
    if not isinstance(answer, dict):
        raise ModelFailed(NO_FORM)
    return answer


def _run(answer: Mapping[str, Any], means: Isolation, rows: Rows) -> ModelRun:
    try:
        return ModelRun(
            outputs=outputs_of(answer["outputs"], _MOST_VALUES),
            rows=len(rows.cells),
            load_seconds=seconds_of(answer["load_seconds"]),
            latencies=tuple(seconds_of(one) for one in answer["latencies"]),
            peak_memory=int(answer["peak_memory"]),
            isolation=means,
            versions=versions_of(answer["versions"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ModelFailed(NO_FORM) from error


def _no_answer(end: BoundedEnd) -> ModelFailed:
    signal = -end.code if end.code < 0 else end.code - 128  # as bubblewrap tells it
    lines = [line for line in end.printed.split("\n") if line.strip()]
    said = f": {printable(lines[-1].strip()[:_SHOWN])}" if lines else ""
    why = _SIGNALS.get(signal, f"its process ended with exit code {end.code}")
    return ModelFailed(f"the model gave no answer: {why}{said}")


def installing(library: str) -> str:
    """Return the command that installs a library, by the extra that has it where one does."""
    extra = _EXTRAS.get(library)
    return f"pip install 'rollbook[{extra}]'" if extra else f"pip install {printable(library[:80])}"


def _failure(kind: str, message: str, library: str, limits: Limits) -> BadCall | Refused | ModelFailed:
    said = printable(" ".join(message.split())[:_SHOWN])
    if kind == "library":
        return BadCall(
            f"the model can't be run here: {said}", hint=f"{installing(library)}, or run it where that is."
        )
    if kind == "rows":
        return BadCall(f"the rows don't fit the model: {said}", hint="Give rows as the model takes them.")
    if kind == "trust":
        hint = "Read what they are; then name them with --trusted-type, or trust the whole file with --trust."
        return Refused(f"the model needs trust: {said}", hint=hint)
    if kind == "memory" or any(words in message for words in _NO_MEMORY):
        most = f"{limits.memory >> 20:,} MiB"
        return ModelFailed(f"the model asked for more memory than {most}", hint="Give it more: --memory.")
    done = {
        "load": "can't be loaded",
        "predict": "can't predict",
        "convert": "can't be converted",
    }.get(kind, "can't be run")
    return ModelFailed(f"the model {done}: {said}")
