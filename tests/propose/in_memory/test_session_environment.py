"""The pinned requirements of a session, and what of it nobody else can install."""

from __future__ import annotations

import json
import types
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

from rollbook import BadCall
from rollbook.check.requirements_file import requirement_lines
from rollbook.propose.in_memory.session_environment import session_environment

if TYPE_CHECKING:
    from pathlib import Path


def packaged(folder: Path, name: str, version: str, origin: dict[str, object] | None = None) -> None:
    """An installed package with one module of its name."""
    (folder / f"{name}.py").write_text("")
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{name}.py,,\n")
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_package_is_pinned_to_the_version_that_is_installed():
    found = session_environment(["sklearn"], [])
    assert f"scikit-learn=={metadata.version('scikit-learn')}" in found.requirements
    assert all(not line.loose for line in requirement_lines(found.text.decode()))


def test_dependencies_are_pinned_too_where_they_name_no_version():
    found = session_environment([], ["joblib", "click>=1", "nowhere-installed==2.0"])
    pinned = {f"{name}=={metadata.version(name)}" for name in ("joblib", "click")}
    assert pinned | {"nowhere-installed==2.0"} <= {*found.requirements}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("nowhere-installed", "not installed"),
        ("click<1", "is installed, which is not"),
        ("a b", "no requirement"),
    ],
)
def test_a_dependency_that_can_not_be_pinned_is_refused(told: str, why: str):
    with pytest.raises(BadCall, match=why):
        session_environment([], [told])


def test_a_build_of_ones_own_is_pinned_to_its_public_version_and_said(installed: Path):
    packaged(installed, "grown", "2.1.0+cpu")
    found = session_environment(["grown"], [])
    assert "grown==2.1.0" in found.requirements
    assert any("2.1.0+cpu is installed here" in remark for remark in found.remarks)


def test_a_package_that_is_installed_from_a_folder_is_no_requirement_and_said(installed: Path):
    packaged(installed, "mine", "0.1", {"url": "file:///home/me", "dir_info": {"editable": True}})
    found = session_environment(["mine"], [])
    assert not any(line.startswith("mine") for line in found.requirements)
    assert any("mine 0.1" in remark and "editable" in remark for remark in found.remarks)


def test_code_of_no_package_is_said(monkeypatch: pytest.MonkeyPatch):
    loose = types.ModuleType("loose_code")
    loose.__file__ = "loose_code.py"
    monkeypatch.setitem(__import__("sys").modules, "loose_code", loose)
    assert "loose_code" in session_environment(["loose_code"], []).remarks[0]
