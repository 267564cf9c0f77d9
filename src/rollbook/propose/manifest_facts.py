"""Gathering a manifest's facts: from `name=value` arguments, metrics and parameter files, and samples."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from rollbook.artifact.unfetched import require_bytes
from rollbook.errors import BadCall, InvalidFile
from rollbook.schema.schemas import violations
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.text import decoded
from rollbook.yaml.strict import dotted, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def pairs(option: str, arguments: Iterable[str]) -> dict[str, str]:
    """Read `name=value` arguments. Raises BadCall naming the option, also when a name comes twice."""
    values: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise BadCall(f"{option} {argument[:80]!r} is not NAME=VALUE")
        if name in values:
            raise BadCall(f"{option} {name!r} is given twice")
        values[name] = value
    return values


def tags(option: str, arguments: Iterable[str]) -> dict[str, str]:
    """Read `NAME=TEXT` arguments, and `NAME` for a tag without a text. Raises BadCall naming the option."""
    return pairs(option, (text if "=" in text else f"{text}=" for text in arguments))


def metrics(arguments: Iterable[str]) -> dict[str, float]:
    """Read `name=number` arguments. Raises BadCall for what is no finite number."""
    return {name: _number(f"--metric {name}", value) for name, value in pairs("--metric", arguments).items()}


def finite(told: Mapping[str, float]) -> Mapping[str, float]:
    """Return the metrics as they are. Raises BadCall, naming the first, for one that is no finite number."""
    for name, value in told.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not _is_finite(value):
            raise BadCall(f"{name[:80]!r}: a metric is a finite number, not {str(value)[:40]}")
    return told


def params(arguments: Iterable[str]) -> dict[str, Any]:
    """Read `name=value` arguments whose values are YAML scalars: `max_depth=4` is a number."""
    return {name: _scalar(name, value) for name, value in pairs("--param", arguments).items()}


def mapping_file(path: Path) -> dict[str, Any]:
    """Read a JSON or YAML file that holds a mapping. Raises BadCall when it doesn't."""
    data = small_file(path)
    content = _json(data, path) if path.suffix == ".json" else _yaml(data, path)
    if not isinstance(content, dict):
        raise BadCall(f"{path}: a mapping of names to values is needed here")
    return content


def text_list(path: Path) -> list[str]:
    """Read a file of texts: a JSON or YAML list of them, by its ending, or else one on each line.

    Raises BadCall when it holds anything else, or nothing.
    """
    data = small_file(path)
    if path.suffix in (".json", ".yaml", ".yml"):
        texts = _json(data, path) if path.suffix == ".json" else _yaml(data, path)
    else:
        texts = list(filter(None, (line.strip() for line in decoded(data).split("\n"))))
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise BadCall(f"{path}: a list of texts is needed here", hint="Write each on a line of its own.")
    return texts


def merged(name: str, base: object, parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge each part into a copy of the mapping `base` (None: empty), the later winning.

    Raises BadCall, naming the field `name`, when `base` is no mapping.
    """
    if base is not None and not isinstance(base, dict):
        raise BadCall(f"{name}: a mapping of names to values is needed here")
    whole = dict(base or {})
    for part in parts:
        whole |= part
    return whole


def require_lawful(schema: str, data: Mapping[str, Any], what: str) -> None:
    """Raise BadCall, naming the fields, when a schema does not allow the `data` of `what`."""
    wrong = violations(schema, data)
    if wrong:
        lines = [": ".join(filter(None, (dotted(item.path), item.message))) for item in wrong]
        raise BadCall(f"{what} can't hold these facts: {'; '.join(lines)}", hint=wrong[0].hint)


def small_file(path: Path) -> bytes:
    """Read a file's bytes. Raises BadCall when it isn't there, was not fetched or has more than 1 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise BadCall(f"{path} can't be read: {error.strerror}") from error
    if len(data) > MAX_FILE:
        raise BadCall(f"{path} has more than {MAX_FILE:,} bytes")
    require_bytes(data, str(path))
    return data


def with_run(lineage: object, text: str) -> dict[str, Any]:
    """Return a manifest's `lineage` (None: empty) with the run that `TOOL/ID[=URI]` names. Raises BadCall."""
    label, _, uri = text.partition("=")
    tool, _, number = label.partition("/")
    if not tool or not number:
        raise BadCall(f"--run {text[:80]!r} is not TOOL/ID[=URI]", hint="E.g. --run mlflow/a1b2c3")
    run = {"tool": tool, "id": number, "uri": uri}
    return merged("lineage", lineage, [{"run": {key: value for key, value in run.items() if value}}])


def with_listed(lineage: object, name: str, items: Iterable[Any]) -> dict[str, Any]:
    """Return a manifest's `lineage` (None: empty) with what is new of `items` added to its list `name`.

    Raises BadCall when it has another shape.
    """
    whole = merged("lineage", lineage, [])
    listed = whole.get(name) or []
    if not isinstance(listed, list):
        raise BadCall(f"lineage.{name}: a list is needed here")
    added = list(listed)
    for item in items:
        if item not in added:
            added.append(item)
    return {**whole, name: added}


def framework(text: str) -> dict[str, str]:
    """Read `scikit-learn==1.9.1` into the manifest's `framework`."""
    name, _, version = text.partition("==")
    return {"name": name, "version": version} if version else {"name": name}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _number(what: str, text: str) -> float:
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError as error:
        raise BadCall(f"{what}: {text[:40]!r} is not a number") from error
    if not _is_finite(number):
        raise BadCall(
            f"{what}: {text[:40]!r} is not a finite number", hint="A metric without a value is left out."
        )
    return number


def _scalar(name: str, text: str) -> Any:
    try:
        value = load(text.encode(errors="surrogateescape"))
    except InvalidFile:
        return text
    return text if isinstance(value, dict | list) or value is None else value


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number that no float can hold
        return False


def _json(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadCall(f"{path}: not JSON: {error}") from error


def _yaml(data: bytes, path: Path) -> Any:
    try:
        return load(data, str(path))
    except InvalidFile as error:
        raise BadCall(str(error), hint=error.hint) from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
