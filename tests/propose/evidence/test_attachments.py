"""What is attached to evidence: stored in the DVC remote, bound by pointers, got back verified."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git, rollbook
from rollbook import Registry, open_index
from rollbook.artifact.digest import digest_artifact
from rollbook.errors import BadCall, InvalidFile, NotFound, StorageFailed
from rollbook.git.repository import discover
from rollbook.propose.new_evidence import Examination, add_evidence
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

from .conftest import one_version

if TYPE_CHECKING:
    from building.once import Template

REF = "credit-approval@1.0.0"
FOLDER = "registry/credit-approval/versions/1.0.0/evidence"
REPORT = b"<script>alert('whoever opens me')</script>"


def attach(world: World) -> None:
    """A version that has evidence with a report and a folder of plots."""
    one_version(world)
    (world.root / "report.html").write_bytes(REPORT)
    (world.root / "plots").mkdir()
    for name in ("roc.png", "groups.png"):
        (world.root / "plots" / name).write_bytes(f"picture of {name}".encode())
    world.run(*_call(world, "report.html", "plots"), "--land", "--json")


@pytest.fixture
def attached(started: Template) -> World:
    return started(attach)


def _call(world: World, *names: str) -> list[str]:
    paths = [word for name in names for word in ("--attach", str(world.root / name))]
    return ["evidence", "add", REF, "fairness", "--status", "passed", *paths]


def _evidence(world: World) -> dict[str, Any]:
    content: dict[str, Any] = load(world.git("show", f"main:{FOLDER}/fairness-1.yaml").encode())
    return content


def _checked(world: World, files: dict[str, bytes | None]) -> str:
    """What the check says of a branch off main with these files in the evidence's folder."""
    world.git("checkout", "--quiet", "-B", "try", "main")
    for name, data in files.items():
        path = world.registry / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if data is None else path.write_bytes(data)
    world.git("add", "--all", "--force", FOLDER)
    world.git("commit", "--quiet", "-m", "Try")
    ran = rollbook(world.registry, "check", "--base", "main", "--head", "try")
    assert ran.code == 1, ran.out
    return ran.out


def _pointer(world: World, name: str = "report.html") -> bytes:
    return world.git("show", f"main:{FOLDER}/fairness-1/{name}.dvc").encode() + b"\n"


def test_evidence_names_each_attachment_with_size_and_digest(attached: World) -> None:
    report, plots = (digest_artifact(attached.root / name) for name in ("report.html", "plots"))
    assert _evidence(attached)["attachments"] == [
        {"path": "report.html", "size": len(REPORT), "sha256": report.sha256},
        {"path": "plots", "size": plots.size, "sha256": plots.sha256, "files": 2},
    ]


def test_a_pointer_to_each_stands_in_the_folder_of_the_evidences_name(attached: World) -> None:
    names = attached.git("ls-tree", "-r", "--name-only", f"main:{FOLDER}").split()
    assert names == ["fairness-1.yaml", "fairness-1/plots.dvc", "fairness-1/report.html.dvc"]
    assert rollbook(attached.registry, "check", "--all").code == 0


def test_dvc_pull_brings_them_and_git_ignores_them(attached: World) -> None:
    shutil.rmtree(attached.registry / ".dvc" / "cache")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "pull", "--quiet"],
        cwd=attached.registry,
        env=environment | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder = attached.registry / FOLDER / "fairness-1"
    assert (folder / "report.html").read_bytes() == REPORT
    assert sorted(path.name for path in (folder / "plots").iterdir()) == ["groups.png", "roc.png"]
    assert attached.git("status", "--porcelain") == ""
    assert rollbook(attached.registry, "check", "--all").code == 0


def test_they_are_fetched_from_the_remote_alone(attached: World) -> None:
    shutil.rmtree(attached.registry / ".dvc" / "cache")
    target = attached.root / "got"
    ran = attached.run("evidence", "fetch", REF, "fairness-1", "-o", str(target))
    assert ran.out.splitlines() == [str(target / "report.html"), str(target / "plots")]
    assert (target / "report.html").read_bytes() == REPORT
    assert digest_artifact(target / "plots") == digest_artifact(attached.root / "plots")


def test_they_are_fetched_by_an_index_without_git(attached: World) -> None:
    attached.run("export", "--index", str(attached.root / "index"))
    version = open_index(str(attached.root / "index")).version(REF)
    report, _ = version.fetch_evidence("fairness-1", attached.root / "got", remote=str(attached.artifacts))
    assert report.read_bytes() == REPORT


def test_they_are_fetched_from_another_repository_without_a_clone(attached: World) -> None:
    target = attached.root / "got"
    elsewhere = attached.root / "elsewhere"
    elsewhere.mkdir()
    git(attached.registry, "push", "--quiet", "origin", "main")
    ran = rollbook(
        elsewhere, "evidence", "fetch", REF, "fairness-1", "-o", str(target), "--json",
        "--repo", str(attached.origin), "--remote", str(attached.artifacts),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["outputs"] == [str(target / "report.html"), str(target / "plots")]


def test_changed_bytes_are_refused_and_leave_nothing(attached: World) -> None:
    shutil.rmtree(attached.registry / ".dvc" / "cache")
    (stored,) = [
        path for path in attached.artifacts.rglob("*") if path.is_file() and path.read_bytes() == REPORT
    ]
    stored.chmod(0o644)
    stored.write_bytes(REPORT.replace(b"me", b"it"))
    target = attached.root / "got"
    with Registry.open(attached.registry, rev="main") as registry, pytest.raises(StorageFailed):
        registry.version(REF).fetch_evidence("fairness-1", target)
    assert list(target.iterdir()) == []


def test_what_stands_there_is_replaced_only_on_request(attached: World) -> None:
    target = attached.root / "got"
    target.mkdir()
    (target / "report.html").write_text("mine")
    call = ("evidence", "fetch", REF, "fairness-1", "-o", str(target))
    assert rollbook(attached.registry, *call).code == 1
    assert (target / "report.html").read_text() == "mine"
    attached.run(*call, "--force")
    assert (target / "report.html").read_bytes() == REPORT


def test_unknown_evidence_suggests_the_nearest(attached: World) -> None:
    ran = rollbook(attached.registry, "evidence", "fetch", REF, "fairness-2")
    assert ran.code == 1
    assert "fairness-1" in ran.err


def test_evidence_without_attachments_has_nothing_to_fetch(attached: World) -> None:
    attached.run("evidence", "add", REF, "smoke-test", "--status", "passed", "--land")
    with Registry.open(attached.registry, rev="main") as registry, pytest.raises(NotFound):
        registry.version(REF).fetch_evidence("smoke-test-1", attached.root)


@pytest.mark.parametrize("name", ["../../stolen", "/tmp/stolen", ".git", "a\\b"])
def test_an_attachment_never_leaves_the_folder(attached: World, name: str) -> None:
    data = dump({**_evidence(attached), "attachments": [{"path": name, "size": 1, "sha256": "0" * 64}]})
    (attached.registry / FOLDER / "fairness-1.yaml").write_bytes(data)
    attached.git("commit", "--quiet", "-am", "Point elsewhere")
    with Registry.open(attached.registry, rev="HEAD") as registry, pytest.raises(InvalidFile):
        registry.version(REF).fetch_evidence("fairness-1", attached.root / "got")
    assert not (attached.root / "got").exists()


def test_list_tells_status_metrics_and_attachments(attached: World) -> None:
    lines = attached.run("evidence", "list", REF).out.splitlines()
    assert lines[0].split("\t") == ["evidence", "status", "at", "by", "metrics", "attachments"]
    assert lines[1].startswith("fairness-1\tpassed\t")
    assert lines[1].endswith(f"\treport.html ({len(REPORT)} bytes), plots (2 files, 39 bytes)")


def test_list_as_json_is_what_show_tells(attached: World) -> None:
    listed = json.loads(attached.run("evidence", "list", REF, "--json").out)
    shown = json.loads(attached.run("show", REF, "--json").out)
    assert listed["evidence"] == shown["evidence"]
    assert [each["path"] for each in listed["evidence"][0]["attachments"]] == ["report.html", "plots"]


def test_show_names_the_attachments(attached: World) -> None:
    (line,) = [line for line in attached.run("show", REF).out.splitlines() if "fairness-1" in line]
    assert "attached: report.html (42 bytes), plots (2 files" in line


def test_a_version_without_evidence_lists_none(ready: World) -> None:
    ran = ready.run("evidence", "list", REF)
    assert (ran.out, ran.err) == ("", f"{REF} has no evidence\n")


def test_a_pointer_that_no_evidence_names_is_found(attached: World) -> None:
    said = _checked(attached, {"fairness-1/more.html.dvc": _pointer(attached).replace(b"report", b"more")})
    assert "RB216" in said
    assert "fairness-1/more.html.dvc" in said


def test_a_pointer_without_evidence_is_found(attached: World) -> None:
    said = _checked(attached, {"fairness-2/report.html.dvc": _pointer(attached)})
    assert "no evidence has the name of this pointer's folder" in said


def test_an_attachment_without_a_pointer_is_found(attached: World) -> None:
    said = _checked(attached, {"fairness-2.yaml": dump(_evidence(attached))})
    assert said.count("RB216") == 2
    assert "no DVC pointer to `report.html`" in said


def test_an_attachment_that_is_named_twice_is_found(attached: World) -> None:
    content = _evidence(attached)
    content["attachments"] = [{**content["attachments"][0]}, {**content["attachments"][0]}]
    files = {
        "fairness-2.yaml": dump(content),
        "fairness-2/report.html.dvc": _pointer(attached),
    }
    assert "`report.html` is attached twice" in _checked(attached, files)


def test_a_pointer_that_says_something_else_is_found(attached: World) -> None:
    content = {**_evidence(attached), "attachments": _evidence(attached)["attachments"][:1]}
    pointer = _pointer(attached).replace(b"size: 42", b"size: 43")
    said = _checked(
        attached,
        {"fairness-2.yaml": dump(content), "fairness-2/report.html.dvc": pointer},
    )
    assert "the pointer says `43`; the evidence says `42`" in said


def test_a_pointer_that_landed_is_never_edited(attached: World) -> None:
    said = _checked(
        attached, {"fairness-1/report.html.dvc": _pointer(attached).replace(b"size: 42", b"size: 43")}
    )
    assert "RB301" in said


def test_a_pointer_that_landed_is_never_removed(attached: World) -> None:
    assert "RB302" in _checked(attached, {"fairness-1/report.html.dvc": None})


def test_a_developer_may_not_attach(attached: World) -> None:
    roles = "roles:\n  admin: [root@example.com]\n  developer: [jane@example.com]\n"
    with (attached.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write(roles)
    attached.git("commit", "--quiet", "-am", "Say who may what")
    said = _checked(attached, {"fairness-2/report.html.dvc": _pointer(attached)})
    assert "RB501" in said


def test_two_attachments_of_one_name_are_refused(ready: World) -> None:
    for folder in ("a", "b"):
        (ready.root / folder).mkdir()
        (ready.root / folder / ("report.html" if folder == "a" else "Report.html")).write_bytes(REPORT)
    ran = rollbook(ready.registry, *_call(ready, "a/report.html", "b/Report.html"))
    assert (ran.code, ran.out) == (2, "")
    assert "two attachments are called report.html" in ran.err


@pytest.mark.parametrize("name", ["missing.html", "a b.html", "é.html", "x.dvc"])
def test_a_path_that_can_not_be_attached_is_refused(ready: World, name: str) -> None:
    if name != "missing.html":
        (ready.root / name).write_bytes(REPORT)
    ran = rollbook(ready.registry, *_call(ready, name))
    assert (ran.code, ran.out) == (2, "")
    assert ready.git("branch", "--list", "rollbook/*") == ""


def test_a_link_is_not_attached(ready: World) -> None:
    (ready.root / "report.html").symlink_to("/etc/passwd")
    assert rollbook(ready.registry, *_call(ready, "report.html")).code == 2


def test_nothing_is_attached_in_a_bare_repository(ready: World) -> None:
    report = ready.root / "report.html"
    report.write_bytes(REPORT)
    examined = Examination("fairness", passed=True, attachments=[report])
    with pytest.raises(BadCall, match="bare"):
        add_evidence(discover(ready.origin), REF, examined)


def test_without_the_remote_there_is_no_proposal(ready: World) -> None:
    (ready.root / "report.html").write_bytes(REPORT)
    shutil.rmtree(ready.artifacts)
    ready.artifacts.write_text("in the way")
    ran = rollbook(ready.registry, *_call(ready, "report.html"))
    assert ran.code == 1
    assert ready.git("branch", "--list", "rollbook/*") == ""


def test_an_attachment_is_no_twin_of_an_artifact(attached: World) -> None:
    path = attached.artifact(REPORT, "model.html")
    ran = attached.run("register", "copy", str(path), "--version", "1.0.0", "--json")
    assert json.loads(ran.out)["twins"] == []


def test_a_clone_that_registers_anew_tells_the_trail_of_an_edited_pointer(attached: World) -> None:
    attached.git("checkout", "--quiet", "main")
    path = attached.registry / FOLDER / "fairness-1" / "report.html.dvc"
    path.write_bytes(_pointer(attached).replace(b"size: 42", b"size: 43"))
    attached.git("commit", "--quiet", "-am", "Past the check")
    ran = rollbook(attached.registry, "audit", "verify")
    assert ran.code == 1
    assert "report.html.dvc" in ran.out
