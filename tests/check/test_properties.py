"""Properties of the check over generated registries."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.names import precedence

from .desk import POLICY, Desk, entry, model_files, new_desk, policy_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .desk import File

SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
STAGES = ("staging", "canary", "production", "deprecated", "archived")


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as directory:
        yield new_desk(Path(directory) / "registry.git")


versions = st.tuples(*[st.integers(0, 30)] * 3).map(lambda parts: ".".join(map(str, parts)))
names = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).map(lambda name: f"m-{name}")


@st.composite
def registries(draw: st.DrawFn) -> dict[str, File]:
    """A valid registry: models, versions, and each version in at most one stage."""
    files: dict[str, File] = {POLICY: policy_text()}
    spaces = st.one_of(names, st.builds("ns/{}".format, names))
    for model in draw(st.lists(spaces, min_size=1, max_size=3, unique_by=str.lower)):
        released = sorted(draw(st.sets(versions, min_size=1, max_size=4)), key=precedence)
        files |= model_files(*released, model=model)
        held: dict[str, list[str]] = {}
        for version in released:
            stage = draw(st.sampled_from((None, *STAGES)))
            if stage and not (stage in ("canary", "production") and stage in held):
                held.setdefault(stage, []).append(version)
        lines = [
            f"{stage}:\n" + "".join(f"  - {entry(version)}\n" for version in kept)
            for stage, kept in held.items()
        ]
        files[f"registry/{model}/stages.yaml"] = "".join(lines)
    return files


@SOME
@given(files=registries())
def test_a_valid_registry_has_no_findings(shared: Desk, files: dict[str, File]) -> None:
    assert shared.check(files) == []


@SOME
@given(files=registries(), data=st.data())
def test_any_changed_byte_of_a_registered_file_is_found(
    shared: Desk, files: dict[str, File], data: st.DataObject
) -> None:
    path = data.draw(
        st.sampled_from(sorted(path for path in files if path.endswith((".dvc", "version.yaml"))))
    )
    content = bytearray(str(files[path]).encode())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    found = shared.check_change(files, files | {path: ("100644", bytes(content))})
    assert ("RB301", path) in {(finding.code, finding.path) for finding in found}


@SOME
@given(path=st.text(min_size=1, max_size=40), content=st.binary(max_size=200), data=st.data())
def test_no_file_of_any_name_and_content_breaks_the_check(
    shared: Desk, path: str, content: bytes, data: st.DataObject
) -> None:
    clean = "/".join(
        part
        for part in path.replace("\0", "").split("/")
        if part and part.strip(". ~") and ".git" not in part
    )
    places = ["registry/{}", "registry/m/versions/1.0.0/{}.dvc", "registry/m/versions/{}/version.yaml"]
    name = data.draw(st.sampled_from(places)).format(clean.encode(errors="ignore").decode() or "x")
    files = {POLICY: policy_text(), **model_files("1.0.0", model="m")} | {name: ("100644", content)}
    assert any(finding.path for finding in shared.check(files))
