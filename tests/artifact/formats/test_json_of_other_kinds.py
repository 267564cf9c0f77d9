"""JSON in which a value is of another kind than its reader expects: it is read, or called broken."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifact.formats.samples import FOLDER, SAMPLES, artifact_at
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHERS: list[Any] = [
    *(None, True, 0, -1, 1 << 70, 1.5, float("nan"), "", "x", "9" * 30, "{}"),
    *([], [None], [[]], {}, {"name": 5}, {"config": 5}, {"content": []}),
]


def _documents(name: str) -> dict[str, Any]:
    """The JSON of a sample: of its members, or its own, which has no name."""
    path = FOLDER / name
    if path.suffix == ".json":
        return {"": json.loads(path.read_bytes())}
    if not path.is_file() or not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as archive:
        names = [member for member in archive.namelist() if member.endswith(".json")]
        return {member: json.loads(archive.read(member)) for member in names}


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each list and object in a document, with each of its keys."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in entries:
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _write(name: str, member: str, document: Any, path: Path) -> None:
    if not member:
        path.write_text(json.dumps(document))
        return
    with zipfile.ZipFile(FOLDER / name) as old, zipfile.ZipFile(path, "w") as new:
        for each in old.namelist():
            new.writestr(each, json.dumps(document) if each == member else old.read(each))


@pytest.mark.parametrize("name", [name for name in SAMPLES if _documents(name)])
def test_a_value_of_another_kind_is_read_or_called_broken(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    documents = _documents(name)
    path = tmp_path_factory.mktemp("changed") / "model"

    @settings(max_examples=10, deadline=None, database=None)
    @given(st.integers(0, 1 << 32))
    def try_others(seed: int) -> None:
        source = random.Random(seed)
        for _ in range(5):
            member = source.choice(sorted(documents))
            document = copy.deepcopy(documents[member])
            for _ in range(source.randint(1, 3)):
                if places := [*_places(document)]:
                    part, key = source.choice(places)
                    part[key] = copy.deepcopy(source.choice(_OTHERS))
            _write(name, member, document, path)
            with contextlib.suppress(Broken):
                read_contents(artifact_at(path), name.partition("/")[0])

    try_others()
