"""The `artifacts:` of `dvc.yaml`, by which DVC finds a model's bytes at a revision.

`dvc artifacts get URL MODEL --rev v1.2.0` goes to the tag `MODEL@v1.2.0` and takes there the path that the
root's dvc.yaml gives for MODEL (https://dvc.org/doc/user-guide/project-structure/dvcyaml-files#artifacts).
All else in the file is the team's own, and stays as it is written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.layout import DVC_YAML
from rollbook.yaml.strict import load, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

ARTIFACTS = "artifacts"
_INDENT = "  "


def artifact_path(model: str, version: str, artifact: str) -> str:
    """Return the path that a model's entry has at the commit that registers `version`."""
    return f"{layout.version_directory(model, version)}/{artifact}"


def entries(data: bytes | None) -> Mapping[str, Any]:
    """Return the entries by name, as they stand in the file; none without a file.

    Raises InvalidFile when it isn't strict YAML, or `artifacts` is no mapping.
    """
    whole = {} if data is None else load(data, DVC_YAML)
    artifacts = {} if whole is None else whole.get(ARTIFACTS, {}) if isinstance(whole, dict) else None
    if not isinstance(artifacts, dict):
        hint = f"DVC asks for a mapping of names to artifacts under `{ARTIFACTS}`."
        raise InvalidFile("a mapping is needed here", path=DVC_YAML, key=ARTIFACTS, hint=hint)
    return artifacts


def entry_path(entry: object) -> str | None:
    """Return the path that an entry gives; None when it gives none."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return path if isinstance(path, str) else None


def with_paths(data: bytes | None, paths: Mapping[str, str]) -> bytes:
    """Return the file with these paths, by model; the very same bytes when it has them already.

    A new entry goes before the first name that sorts after its own, three lines of its own, so that git
    merges two changes unless both write to one place. Raises InvalidFile as `entries` does, and when
    the file can't be edited without changing what else it says.
    """
    standing = entries(data)
    missing = {name: path for name, path in sorted(paths.items()) if entry_path(standing.get(name)) != path}
    if not missing:
        return data or b""
    data = data or b""
    whole = load(data, DVC_YAML) or {}
    aim = {**whole, ARTIFACTS: {**standing, **{name: _entry(standing, name, paths) for name in missing}}}
    edited = _edited_text(data, missing)
    return edited if _reads_as(edited, aim) else _edited_document(data, aim)


def _entry(standing: Mapping[str, Any], name: str, paths: Mapping[str, str]) -> dict[str, Any]:
    before = standing.get(name)
    return {**before, "path": paths[name]} if isinstance(before, dict) else _fresh(paths[name])


def _fresh(path: str) -> dict[str, Any]:
    return {"path": path, "type": "model"}


def _reads_as(data: bytes, aim: Mapping[str, Any]) -> bool:
    try:
        return json.dumps(load(data), sort_keys=True) == json.dumps(aim, sort_keys=True)
    except InvalidFile:
        return False


def _edited_document(data: bytes, aim: Mapping[str, Any]) -> bytes:
    # ruamel.yaml knows files of any form, and takes half a second for a thousand entries.
    from rollbook.yaml.edit import edit

    def change(document: Any) -> None:
        if not isinstance(document.get(ARTIFACTS), dict):
            document[ARTIFACTS] = {}
        for name, entry in aim[ARTIFACTS].items():
            if not isinstance(document[ARTIFACTS].get(name), dict):
                document[ARTIFACTS][name] = entry
            elif document[ARTIFACTS][name].get("path") != entry["path"]:
                document[ARTIFACTS][name]["path"] = entry["path"]

    return edit(data, change, DVC_YAML)


# --- editing the text -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Places:
    """Where the entries stand in the text: the line (from 0) of each, and the span of the path it gives;
    the line after the last; how far they are indented."""

    lines: dict[str, int] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    end: int = 0


def _edited_text(data: bytes, paths: Mapping[str, str]) -> bytes:
    """The text with lines put in or replaced, for the block style that people and Rollbook write.

    What comes out for other styles may be anything: the caller reads it back.
    """
    text = data.decode()
    newline = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += newline
    starts = _line_starts(text)
    places = _places(data)
    edits: list[tuple[int, int, str]] = []
    added: dict[int, list[str]] = {}
    for name, path in paths.items():
        if name in places.spans:
            edits.append((*places.spans[name], path))
        else:
            line = _place_for(name, places, text, starts)
            added.setdefault(starts[line] if line is not None else len(text), []).append(name)
    for position, names in added.items():
        lines = [line for name in names for line in _lines(name, paths[name], _indent(places, text, starts))]
        head = [] if places.lines else [f"{ARTIFACTS}:"]
        edits.append((position, position, "".join(line + newline for line in [*head, *lines])))
    for start, stop, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[stop:]
    return text.encode()


def _places(data: bytes) -> _Places:
    places = _Places()
    for path, line, event in walk(data):
        if path[:1] != (ARTIFACTS,):
            continue
        if len(path) == 2:
            places.lines[str(path[1])] = line - 1
        if len(path) == 3 and path[2] == "path":
            places.spans[str(path[1])] = event.start_mark.index, event.end_mark.index
        places.end = max(places.end, event.end_mark.line + (1 if event.end_mark.column else 0))
    return places


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _place_for(name: str, places: _Places, text: str, starts: list[int]) -> int | None:
    """The line that a new entry goes before; None for the end of the text."""
    if not places.lines:
        return None
    line = next((at for other, at in places.lines.items() if other > name), None)
    if line is None:
        return places.end
    # A comment above an entry is about that entry.
    while line and text[starts[line - 1] : starts[line]].lstrip().startswith("#"):
        line -= 1
    return line


def _indent(places: _Places, text: str, starts: list[int]) -> str:
    if not places.lines:
        return _INDENT
    line = text[starts[next(iter(places.lines.values()))] :]
    return line[: len(line) - len(line.lstrip(" "))]


def _lines(name: str, path: str, indent: str) -> list[str]:
    # The last line stays when the path changes, so git sees a gap between that and an entry put in below.
    return [
        f"{indent}{_key(name)}:",
        *(f"{indent}{_INDENT}{key}: {value}" for key, value in _fresh(path).items()),
    ]


def _key(name: str) -> str:
    from rollbook.yaml.write import dump

    return dump({name: ""}).decode().partition(": ")[0]
