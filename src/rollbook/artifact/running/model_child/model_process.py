"""What runs in the process of its own: loads one model, feeds it rows, and writes what came out.

The request is JSON on the standard input, the answer JSON into the descriptor that it names; whatever the
model prints goes elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from .loaders import LOADERS
from .model_rows import Failed, library

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_MESSAGE = 2000
# Libraries that hand the work on to others, and those.
_ABOVE = ("", "joblib", "skops", "mlflow", "keras")
_BELOW = ("sklearn", "xgboost", "lightgbm", "catboost", "onnxruntime", "tensorflow", "torch")


def plain(name: str, value: Any, most: int) -> list[dict[str, Any]]:
    """Return an output as JSON data: its dtype, its shape, its values as nested lists."""
    numpy = library("numpy")
    dtype = ""
    if hasattr(value, "detach"):  # a tensor of PyTorch's
        dtype = str(value.dtype).rpartition(".")[2]
        value = value.detach().float().numpy() if dtype == "bfloat16" else value.detach().numpy()
    if hasattr(value, "columns") and hasattr(value, "to_numpy"):  # a data frame
        return [part for column in value.columns for part in plain(str(column), value[column], most)]
    if hasattr(value, "toarray"):  # a sparse matrix
        value = value.toarray()
    if getattr(getattr(value, "dtype", None), "kind", "") == "O":
        value = value.tolist()
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, dict) for one in value):
        classes = list(value[0])  # as ONNX's ZipMap writes probabilities
        value = [[one[key] for key in classes] for one in value]
        dtype = "float32" if all(isinstance(one, float) for row in value for one in row) else ""
    values = numpy.asarray(value)
    if values.size > most:
        raise Failed("output", f"{name} has {values.size:,} values; {most:,} are the most")
    dtype = dtype or values.dtype.name
    if values.dtype.kind in "OUS":
        dtype = "string"
        values = numpy.vectorize(as_text, otypes=["O"])(values) if values.size else values
    elif values.dtype.kind in "Mm":
        dtype, values = "datetime", values.astype(str)
    elif values.dtype.kind not in "biuf":
        raise Failed("output", f"{name} holds {dtype}, which JSON can't")
    return [{"name": name, "dtype": dtype, "shape": list(values.shape), "values": values.tolist()}]


def as_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def limited(limits: dict[str, int]) -> None:
    """Take the limits on, before anything of the model's is read."""
    resource = importlib.import_module("resource")
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            _, hard = resource.getrlimit(number)
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (most, most))


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Load, ask once, ask again for the time it takes, and return the answer."""
    opener, asked, name = LOADERS[request["format"]]
    begun = time.perf_counter()
    prepare = guarded("load", lambda: asked(opener(request["path"], request), request))
    loaded = time.perf_counter() - begun
    ask = guarded("rows", prepare)
    found = guarded("predict", ask)
    outputs = [part for one, value in found for part in plain(one, value, request["most_values"])]
    again: list[float] = []
    until = time.monotonic() + request["repeat_seconds"]
    while len(again) < request["repeats"] and time.monotonic() < until:
        begun = time.perf_counter()
        guarded("predict", ask)
        again.append(time.perf_counter() - begun)
    usage = importlib.import_module("resource").getrusage(0)
    return {
        "load_seconds": loaded,
        "latencies": again,
        "outputs": outputs,
        "versions": versions(name, *(_BELOW if name in _ABOVE else ())),
        "peak_memory": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def guarded(kind: str, work: Any) -> Any:
    """Do a part of the work. Raises Failed with that word for whatever goes wrong in it."""
    try:
        return work()
    except Failed:
        raise
    except MemoryError as error:
        raise Failed("memory", "it asked for more memory than it may take") from error
    except ModuleNotFoundError as error:
        missing = (error.name or "?").partition(".")[0]
        raise Failed("library", f"the model needs {missing}, which is not installed", missing) from error
    except Exception as error:
        raise Failed(kind, f"{type(error).__name__}: {error}") from error


def versions(*names: str) -> dict[str, str]:
    """Return the versions of Python, of these libraries as far as they are in use, and of NumPy."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for module in (*names, "numpy"):
        version = getattr(sys.modules.get(module), "__version__", None)
        if isinstance(version, str):
            found["scikit-learn" if module == "sklearn" else module] = version[:40]
    return found


def main() -> None:
    serve(run)


def serve(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the request with what the work on it gives, or with how it failed; then end."""
    request = json.loads(sys.stdin.buffer.read())
    sys.stdin.close()
    limited(request["limits"])
    # Should whoever started this be gone by then. The first process of a namespace needs a handler.
    signal.signal(signal.SIGALRM, lambda *_: os._exit(124))
    signal.alarm(request["seconds"])
    sys.path += [path for path in request["paths"] if path not in sys.path]
    try:
        answer = work(request)
    except Failed as failure:
        answer = {"failed": failure.kind, "message": str(failure)[:_MOST_MESSAGE], "library": failure.library}
    with contextlib.suppress(BrokenPipeError), os.fdopen(request["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)
    sys.stdout.flush()
    os._exit(0)  # what the model left running has no say
