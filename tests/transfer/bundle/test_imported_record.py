"""What `imported.yaml` promises is held up by the check, for ever."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from building.world import World, rollbook
from killed import killed_at

from .conftest import REFERENCE, Pair

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "registry/credit/versions/1.2.0/imported.yaml"


@pytest.fixture
def landed(signed: Pair) -> World:
    """prod, with credit@1.2.0 landed and verified."""
    signed.prod.run(
        "import", "bundle", str(signed.bundle), "--allowed-signers", str(signed.signers), "--land"
    )
    return signed.prod


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Reason: for staging", "Reason: for nothing", "RB223"),
        ("object: ", "object: 0", "RB102"),
        ("tag: credit@v1.2.0", "tag: credit@v1.2.1", "calls itself"),
        ("version: 1.2.0\n", "version: 1.2.1\n", "RB201"),
        ("imported_by: ", "imported_for: ", "RB102"),
    ],
)
def test_a_record_that_contradicts_itself_is_found(landed: World, old: str, new: str, said: str):
    path = landed.registry / RECORD
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    ran = rollbook(landed.registry, "check", "--all")
    assert ran.code == 1
    assert said in ran.out + ran.err


def test_a_manifest_that_is_not_the_tags_is_found(landed: World):
    path = landed.registry / "registry/credit/versions/1.2.0/version.yaml"
    path.write_text(path.read_text().replace("auc: 0.93", "auc: 0.99"))
    assert "RB223" in rollbook(landed.registry, "check", "--all").out


def test_nobody_is_named_as_signer_of_what_is_unsigned(imported: Pair):
    path = imported.prod.registry / RECORD
    path.write_text(path.read_text().replace("    tags:\n", "    signed_by: ana@example.com\n    tags:\n", 1))
    assert "bears no signature" in rollbook(imported.prod.registry, "check", "--all").out


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_the_record_comes_with_its_version_and_stays(landed: World, change: str):
    path = landed.registry / RECORD
    if change == "add":
        landed.register("credit", "1.2.1")
        path = path.parent.with_name("1.2.1") / "imported.yaml"
        path.write_text((landed.registry / RECORD).read_text())
    elif change == "edit":
        path.write_text(path.read_text().replace("    commit: ", "    commit: 0", 1))
    else:
        path.unlink()
    landed.git("add", "--all")
    landed.git("commit", "--quiet", "-m", "Tamper")
    ran = rollbook(landed.registry, "check", "--base", "origin/main", "--head", "HEAD")
    assert ran.code == 1
    assert "RB302" in ran.out if change == "remove" else "RB301" in ran.out


@pytest.mark.parametrize(
    "function",
    [
        "rollbook.transfer.bundle.bundle_reading:Bundle.copy",
        "rollbook.artifact.storage:Storage.push",
        "rollbook.propose.proposal:commit",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_import_leaves_no_proposal_and_can_be_run_again(pair: Pair, function: str, when: str):
    killed_at(pair.prod.registry, function, when, "import", "bundle", str(pair.bundle))
    assert "rollbook/import" not in pair.prod.git("for-each-ref")
    assert pair.prod.git("status", "--porcelain") == ""
    pair.prod.run("import", "bundle", str(pair.bundle), "--land")


def test_a_killed_export_leaves_no_bundle(pair: Pair, tmp_path: Path):
    target = tmp_path / "out" / "x.bundle"
    killed_at(
        pair.dev.registry,
        "rollbook.transfer.bundle.bundle_export:_put",
        "after",
        "export",
        REFERENCE,
        "--bundle",
        str(target),
    )
    assert not target.exists()
    pair.dev.run("export", REFERENCE, "--bundle", str(target))


def test_a_removed_version_is_not_exported(pair: Pair, tmp_path: Path):
    removed = pair.dev.registry / "registry/credit/versions/1.1.0/removed.yaml"
    removed.write_text(
        "model: credit\nversion: '1.1.0'\nremoved_at: 2026-01-01T00:00:00Z\nremoved_by: a@example.com\n"
        "reason: full\nstage: archived\nartifact: {sha256: x, size: 1, md5: x}\nretention: {}\n"
    )
    pair.dev.git("add", ".")
    pair.dev.git("commit", "--quiet", "-m", "Remove")
    ran = rollbook(pair.dev.registry, "export", "credit@1.1.0", "--bundle", str(tmp_path / "x"))
    assert ran.code == 1
    assert "was removed" in ran.err


def test_the_trail_of_the_new_registry_sees_a_record_that_was_changed_on_main(landed: World):
    path = landed.registry / RECORD
    path.write_text(path.read_text().replace("    commit: ", "    commit: 0", 1))
    landed.git("commit", "--quiet", "-am", "Tamper")
    ran = subprocess.run(
        ["git", "push", "--quiet", "origin", "main"], cwd=landed.registry, capture_output=True, check=False
    )
    assert ran.returncode == 0
    assert "RB611" in rollbook(landed.registry, "audit", "verify").out
