"""An archive of skops' written so that the same model gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import PurePosixPath
from typing import Any

_SCHEMA = "schema.json"
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP archive can tell
_UNIX = 3


def in_fixed_form(data: bytes) -> bytes:
    """Return an archive with its objects and files numbered as they come, and no date.

    skops calls them by their addresses in memory, which are others each time
    (https://skops.readthedocs.io/en/stable/persistence.html). Files that nothing refers to are left out.
    """
    packed = io.BytesIO()
    write_in_fixed_form(io.BytesIO(data), packed)
    return packed.getvalue()


def write_in_fixed_form(source: Any, target: Any) -> None:
    """Write the archive in the file `source` so to the file `target`, one member in memory at a time."""
    with zipfile.ZipFile(source) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        files = _numbered(schema, {*archive.namelist()} - {_SCHEMA})
        with zipfile.ZipFile(target, "w") as written:
            for before, after in files.items():
                _add(written, after, archive.read(before))
            _add(written, _SCHEMA, json.dumps(schema, indent=2).encode())


def _numbered(schema: Any, members: set[str]) -> dict[str, str]:
    """Return new names of the files by those that they had, and number the objects of the schema in place."""
    objects: dict[int, int] = {}
    files: dict[str, str] = {}
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        elif isinstance(node, dict):
            # What stands under a key of the model's own is an object as well, and no number or text.
            if isinstance(node.get("__id__"), int):
                node["__id__"] = objects.setdefault(node["__id__"], len(objects) + 1)
            if isinstance(name := node.get("file"), str) and name in members:
                node["file"] = files.setdefault(name, f"{len(files) + 1}{PurePosixPath(name).suffix}")
            waiting += reversed(node.values())
    return files


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system, entry.external_attr = _UNIX, 0o644 << 16
    archive.writestr(entry, data)
