"""Judging a merge before anyone makes it."""

from __future__ import annotations

import pytest

from rollbook.errors import NotFound, Refused

from .desk import MODEL, STAGES, V1, Desk, entry, model_text, only, registry_files

FILES = registry_files("1.0.0", "1.1.0")
STAGED = FILES | {STAGES: f"staging:\n  - {entry('1.0.0')}\n  - {entry('1.1.0')}\n"}


def production(version: str) -> str:
    other = "1.1.0" if version == "1.0.0" else "1.0.0"
    return f"staging:\n  - {entry(other)}\nproduction: {entry(version)}\n"


def test_a_clean_merge_gives_its_tree(desk: Desk) -> None:
    root = desk.commit(FILES)
    base = desk.commit(FILES | {"README.md": "new"}, root)
    head = desk.commit(FILES | {STAGES: f"staging:\n  - {entry('1.0.0')}\n"}, root)
    findings, tree = desk.check_merge(base, head)
    assert findings == []
    assert tree
    assert "README.md" in desk.git("ls-tree", "-r", "--name-only", tree)
    assert STAGES in desk.git("ls-tree", "-r", "--name-only", tree)


def test_two_promotions_into_production_conflict(desk: Desk) -> None:
    root = desk.commit(STAGED)
    base = desk.commit(STAGED | {STAGES: production("1.0.0")}, root)
    head = desk.commit(STAGED | {STAGES: production("1.1.0")}, root)
    findings, tree = desk.check_merge(base, head)
    assert tree is None
    assert only(findings, "RB305").path == STAGES


def test_every_conflicting_path_is_told(desk: Desk) -> None:
    root = desk.commit(FILES)
    base = desk.commit(FILES | {MODEL: model_text(extra="team: a\n"), "README.md": "a"}, root)
    head = desk.commit(FILES | {MODEL: model_text(extra="team: b\n"), "README.md": "b"}, root)
    findings, _ = desk.check_merge(base, head)
    assert [finding.path for finding in findings] == ["README.md", MODEL]


def test_what_landed_meanwhile_is_not_blamed_on_the_branch(desk: Desk) -> None:
    root = desk.commit(registry_files())
    base = desk.commit(registry_files("1.0.0", "1.1.0"), root)
    head = desk.commit(registry_files() | {f"{V1}/card.md": "# Card\n"}, root)
    assert desk.check_merge(base, head)[0] == []


def test_a_version_that_landed_meanwhile_counts(desk: Desk) -> None:
    root = desk.commit(registry_files())
    base = desk.commit(registry_files("1.0.0", "2.0.0"), root)
    head = desk.commit(registry_files("1.0.0", "1.1.0"), root)
    only(desk.check_merge(base, head)[0], "RB304")


def test_a_model_renamed_on_the_base_does_not_carry_a_change_along(desk: Desk) -> None:
    root = desk.commit(registry_files())
    head = desk.commit(registry_files() | {f"{V1}/card.md": "# Card\n"}, root)
    moved = {path.replace("/credit/", "/debit/"): text for path, text in registry_files().items()}
    base = desk.commit(moved, root)
    findings, _ = desk.check_merge(base, head)
    assert [finding.path for finding in findings if "debit" in finding.path] == []


def test_commits_without_common_history_are_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="share no history"):
        desk.check_merge(desk.commit(FILES), desk.commit(FILES | {"x": "y"}))


def test_a_revision_that_names_nothing_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.check_merge(desk.commit(FILES), "--upload-pack=x")
