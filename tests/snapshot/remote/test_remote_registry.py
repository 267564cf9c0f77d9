"""Reading a registry over git's smart HTTP protocol: the answers are a clone's, at a small and fixed cost."""

from __future__ import annotations

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import manifest, model, registry_files, versions
from building.work_tree import commit, new_repository, write
from building.world import Ran, git, rollbook
from rollbook import Registry
from rollbook.errors import BadCall, GitFailed, NotFound
from rollbook.snapshot.partial_snapshot import PartialSnapshot
from smart_server import ALLOW_FILTERS, SmartServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHERS = {
    path: content
    for number in range(12)
    for path, content in versions(f"other-{number}", "1.0.0", "1.1.0", "1.2.0").items()
}
EVIDENCE = f"""\
kind: evaluation
model: credit-approval
version: 1.2.0
artifact_sha256: {"a" * 64}
created_at: 2026-01-02T09:00:00Z
created_by: jane@example.com
passed: true
summary: good
metrics: {{auc: 0.9}}
"""
# As a host that computes filters from its bitmaps alone is set up.
NO_DEPTH = {
    **ALLOW_FILTERS,
    "uploadpackfilter.allow": "false",
    "uploadpackfilter.blob:none.allow": "true",
    "uploadpackfilter.blob:limit.allow": "true",
    "uploadpackfilter.tree.allow": "true",
    "uploadpackfilter.tree.maxDepth": "0",
}
NO_TREES = {**NO_DEPTH, "uploadpackfilter.tree.allow": "false", "uploadpackfilter.blob:limit.allow": "false"}
KINDS = {
    "any filter": {},
    "no depth": {"settings": NO_DEPTH},
    "no such filter": {"settings": NO_TREES},
    "no filter": {"settings": {}},
    "an old protocol": {"speaks_version_2": False},
    "an old protocol and ids": {
        "speaks_version_2": False,
        "settings": {**ALLOW_FILTERS, "uploadpack.allowAnySHA1InWant": "true"},
    },
}
QUESTIONS = (
    "credit-approval@production", "credit-approval@1.2.0", "credit-approval@v1.2.0", "credit-approval@latest",
    "credit-approval@champion", "credit-approval@development", "credit-approval@nowhere",
    "credit-approval@9.9.9", "risk/fraud@latest", "risk/nothing@latest", "credit-aproval@latest",
    "other-3@1.1.0", "risk@latest", "model.yaml@latest",
)  # fmt: skip


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a work tree of three commits, tagged and branched, and a bare clone of it."""
    top = tmp_path_factory.mktemp("remote")
    root = top / "work"
    root.mkdir()
    git(root, "init", "--quiet")
    _commit(root, {"README.md": "one\n", **registry_files()}, "2026-01-01T12:00:00+00:00")
    git(root, "tag", "-a", "-m", "x", "credit-approval@v1.2.0")
    first = {"registry/credit-approval/versions/3.0.0/version.yaml": manifest("credit-approval", "3.0.0")}
    _commit(root, first | OTHERS, "2026-02-01T12:00:00+00:00")
    evidence = "registry/credit-approval/versions/1.2.0/evidence/evaluation-1.yaml"
    sample = "registry/credit-approval/versions/1.2.0/sample-input.json"
    large = json.dumps([{"income": number} for number in range(3_000)])
    _commit(root, {evidence: EVIDENCE, sample: large}, "2026-03-01T12:00:00+00:00")
    git(root, "branch", "next")
    git(top, "clone", "--quiet", "--bare", "work", "origin.git")
    return top


def _commit(root: Path, files: dict[str, str], date: str) -> None:
    write(root, files)
    commit(root, date=date)


@pytest.fixture(scope="module")
def server(top: Path) -> Iterator[SmartServer]:
    with serving(top) as served:
        yield served


def asked(server: SmartServer, *arguments: str, name: str = "origin.git") -> Ran:
    server.forget()
    return rollbook(server.root, *arguments, "--repo", server.at(name))


def in_a_clone(top: Path, *arguments: str) -> Ran:
    return rollbook(top, "-C", str(top / "origin.git"), *arguments)


def the_same(remote: Ran, local: Ran) -> bool:
    return (remote.code, remote.out, remote.err) == (local.code, local.out, local.err)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_server_gives_the_answers_of_a_clone(top: Path, kind: str):
    with serving(top, **KINDS[kind]) as server:
        for reference in ("credit-approval@production", "risk/fraud@latest", "credit-aproval@latest"):
            remote = asked(server, "resolve", reference, "--json")
            assert the_same(remote, in_a_clone(top, "resolve", reference, "--json")), reference


@pytest.mark.parametrize("reference", QUESTIONS)
@pytest.mark.parametrize("command", ["resolve", "show"])
def test_a_question_has_the_answer_of_a_clone(top: Path, server: SmartServer, command: str, reference: str):
    assert the_same(
        asked(server, command, reference, "--json"), in_a_clone(top, command, reference, "--json")
    )


@pytest.mark.parametrize(
    "reference", ["credit-approval@production", "credit-approval@1.2.0", "risk/fraud@latest"]
)
def test_resolving_takes_three_commands(server: SmartServer, reference: str):
    assert asked(server, "resolve", reference).code == 0
    assert server.commands == 3


@pytest.mark.parametrize("revision", ["next", "refs/heads/next", "credit-approval@v1.2.0"])
def test_a_branch_or_a_tag_takes_three_commands_too(server: SmartServer, revision: str):
    assert asked(server, "resolve", "credit-approval@production", "--rev", revision).code == 0
    assert server.commands == 3


def test_a_commit_takes_two_commands(top: Path, server: SmartServer):
    revision = git(top / "origin.git", "rev-parse", "main~1")
    ran = asked(server, "resolve", "credit-approval@latest", "--rev", revision, "--field", "version")
    assert (ran.out, server.commands) == ("3.0.0\n", 2)


def test_a_server_that_computes_no_depth_takes_a_command_for_each_folder(top: Path):
    with serving(top, NO_DEPTH) as server:
        assert asked(server, "resolve", "credit-approval@production").code == 0
        assert server.commands == 7  # two of them for what was refused


def test_the_bytes_do_not_depend_on_the_versions_of_other_models(top: Path, tmp_path: Path):
    def crossed(count: int) -> int:
        numbers = [f"1.{minor}.0" for minor in range(count)]
        files = {k: v for number in range(10) for k, v in versions(f"other-{number}", *numbers).items()}
        new_repository(tmp_path / f"with-{count}", {**registry_files(), **files})
        with serving(tmp_path) as server:
            assert asked(server, "resolve", "credit-approval@1.0.0", name=f"with-{count}/.git").code == 0
            return server.bytes

    assert abs(crossed(40) - crossed(1)) < 100


def test_showing_takes_three_commands_with_the_evidence(server: SmartServer):
    shown = asked(server, "show", "credit-approval@1.2.0", "--json")
    assert shown.err == ""
    assert [each["name"] for each in json.loads(shown.out)["evidence"]] == ["evaluation-1"]
    assert server.commands == 3


def test_a_large_file_comes_only_when_it_is_read(server: SmartServer):
    assert asked(server, "resolve", "credit-approval@1.2.0").code == 0
    without = server.bytes
    with Registry.at_address(server.at("origin.git")) as registry:
        server.forget()
        path = "registry/credit-approval/versions/1.2.0/sample-input.json"
        (data,) = registry.snapshot.read_many([path])
    assert len(data or b"") > 30_000
    assert server.bytes > without + 5_000


@pytest.mark.parametrize("revision", [
    "main", "next", "HEAD", "@", "main~1", "HEAD^", "@~2", "credit-approval@v1.2.0",
    "credit-approval@v1.2.0^{commit}", "refs/tags/credit-approval@v1.2.0", "heads/main", "main~9", "nowhere",
    "no..where", "-x", "+main", "main:x", "a b", "main@{0}", "deadbeef", "0" * 40, "main^{tree}", "*", "",
])  # fmt: skip
def test_a_revision_has_the_answer_of_a_clone(top: Path, server: SmartServer, revision: str):
    call = ("resolve", "credit-approval@latest", "--json", f"--rev={revision}")
    remote, local = asked(server, *call), in_a_clone(top, *call)
    assert (remote.code, remote.out) == (local.code, local.out)
    assert bool(remote.err) == bool(local.err)


@pytest.mark.parametrize("length", [7, 12, 40])
def test_a_commit_by_its_id_has_the_answer_of_a_clone(top: Path, server: SmartServer, length: int):
    revision = git(top / "origin.git", "rev-parse", "main~1")[:length]
    call = ("resolve", "credit-approval@latest", "--json", "--rev", revision)
    assert the_same(asked(server, *call), in_a_clone(top, *call))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("date", ["2026-02-01", "2026-02-27T00:00:00Z", "2026-03-01", "2001-01-01"])
def test_a_date_has_the_answer_of_a_clone(top: Path, kind: str, date: str):
    call = ("resolve", "credit-approval@latest", "--json", "--at", date)
    with serving(top, **KINDS[kind]) as server:
        remote, local = asked(server, *call), in_a_clone(top, *call)
    assert (remote.code, remote.out) == (local.code, local.out)


@pytest.mark.parametrize("call", [
    ("compare", "credit-approval"), ("compare", "risk/fraud"), ("lineage", "--data", "applications"),
    ("lineage", "credit-approval@1.2.0"), ("lineage", "--parent", "credit-approval@1.0.0"),
    ("best", "credit-approval", "--metric", "auc"), ("compare", "nothing"),
])  # fmt: skip
def test_what_else_reads_by_address_has_the_answer_of_a_clone(
    top: Path, server: SmartServer, call: tuple[str, ...]
):
    assert the_same(asked(server, *call), in_a_clone(top, *call))


def test_all_of_a_registry_comes_in_few_commands(top: Path, server: SmartServer):
    with Registry.at_address(server.at("origin.git")) as remote, Registry.open(top / "origin.git") as local:
        server.forget()
        read = [
            (model.name, [str(version.manifest) for version in model.versions()]) for model in remote.models()
        ]
        assert read == [
            (model.name, [str(each.manifest) for each in model.versions()]) for model in local.models()
        ]
    assert server.commands < 40


def test_many_missing_files_are_asked_for_together(tmp_path: Path):
    files = {f"registry/m-{number}/model.yaml": model(f"m-{number}") for number in range(300)}
    new_repository(tmp_path / "wide", {**registry_files(), **files})
    with serving(tmp_path) as server, Registry.at_address(server.at("wide/.git")) as registry:
        assert len(registry.models()) == 302
        assert server.commands < 8


def test_the_files_below_a_folder_have_their_modes(top: Path, server: SmartServer):
    with Registry.at_address(server.at("origin.git")) as remote, Registry.open(top / "origin.git") as local:
        for directory in ("registry/risk", "registry/credit-approval/versions/1.2.0", "nowhere", ""):
            assert remote.snapshot.modes(directory) == local.snapshot.modes(directory)
        assert remote.snapshot.mode("registry/policy.yaml") == "100644"
        assert remote.snapshot.mode("registry") is None


def test_a_whole_folder_comes_with_its_large_files(top: Path, server: SmartServer):
    directory = "registry/credit-approval/versions"
    with Registry.at_address(server.at("origin.git")) as registry:
        assert isinstance(registry.snapshot, PartialSnapshot)
        registry.snapshot.bring_whole(directory)
        server.forget()
        listing = ("ls-tree", "-r", f"{registry.snapshot.commit}:{directory}")
        listed = git(registry.repository.git_dir, *listing)
        for line in listed.split("\n"):
            git(registry.repository.git_dir, "cat-file", "-e", line.split()[2])
    assert listed == git(top / "origin.git", "ls-tree", "-r", f"main:{directory}")
    assert server.requests == []


def test_a_redirect_is_followed(server: SmartServer):
    assert asked(server, "resolve", "credit-approval@latest", name="moved/origin.git").code == 0


def test_a_password_in_the_address_is_used_and_never_written(top: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with serving(top, password="s3cret") as server:
        address = server.at("origin.git").replace("://", "://git:s3cret@")
        with Registry.at_address(address) as registry:
            assert registry.version("credit-approval@latest").version == "3.0.0"
            written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(b"s3cret" in content for content in written)


def test_a_wrong_password_is_an_error_that_does_not_tell_it(top: Path, monkeypatch):
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    with serving(top, password="s3cret") as server:
        ran = rollbook(
            top, "resolve", "m@1.0.0", "--repo", server.at("x.git").replace("://", "://git:wr0ng@")
        )
    assert ran.code == 1
    assert "wr0ng" not in ran.err
    assert "Authentication failed" in ran.err


def test_a_repository_that_is_not_there_is_an_error(server: SmartServer):
    ran = asked(server, "resolve", "m@1.0.0", name="nothing.git")
    assert (ran.code, ran.out) == (1, "")
    assert "not found" in ran.err


def test_an_empty_repository_says_so(tmp_path: Path):
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    with serving(tmp_path) as server, pytest.raises(NotFound, match="has no commits yet"), \
         Registry.at_address(server.at("empty.git")) as registry:  # fmt: skip
        registry.model("m")


def test_a_repository_without_a_registry_says_so(tmp_path: Path):
    new_repository(tmp_path / "plain", {"x": "y"})
    with serving(tmp_path) as server:
        ran = asked(server, "resolve", "m@1.0.0", name="plain/.git")
    assert (ran.code, "there is no registry" in ran.err) == (1, True)


def test_a_repository_of_another_hash_is_refused(tmp_path: Path):
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "other")
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "-m", "x")
    with serving(tmp_path) as server, pytest.raises(BadCall, match="only SHA-1"), \
         Registry.at_address(server.at("other/.git")) as registry:  # fmt: skip
        registry.model("m")


def test_a_link_and_a_submodule_read_as_in_a_clone(tmp_path: Path):
    root = new_repository(tmp_path / "odd", registry_files())
    (root / "registry/linked").symlink_to("credit-approval")
    git(root, "add", ".")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},registry/elsewhere/versions")
    git(root, "commit", "--quiet", "-m", "x")
    paths = ["registry/linked", "registry/elsewhere/versions", "registry/linked/model.yaml", "registry"]
    with serving(tmp_path) as server, Registry.at_address(server.at("odd/.git")) as remote, \
         Registry.open(root) as local:  # fmt: skip
        assert remote.snapshot.read_many(paths) == local.snapshot.read_many(paths)
        assert remote.snapshot.children(paths) == local.snapshot.children(paths)
        assert remote.snapshot.modes("registry") == local.snapshot.modes("registry")


def test_a_server_of_plain_files_gives_the_answers_too(top: Path):
    shutil.copytree(top / "origin.git", top / "dumb.git", dirs_exist_ok=True)
    git(top / "dumb.git", "update-server-info")
    handler = type("Handler", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(top))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/dumb.git"
        for more in ([], ["--at", "2026-02-01"], ["--rev", "main~1"]):
            call = ["resolve", "credit-approval@latest", "--json", *more]
            assert the_same(rollbook(top, *call, "--repo", address), in_a_clone(top, *call))
        server.shutdown()


def test_ssh_is_asked_as_git_asks_it(top: Path, tmp_path: Path, monkeypatch):
    command = tmp_path / "ssh"
    command.write_text('#!/bin/sh\necho asked >> "$0.log"\nfor last; do :; done\neval "exec $last"\n')
    command.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(command))
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    git(top / "origin.git", "config", "uploadpack.allowFilter", "true")
    call = ("resolve", "credit-approval@production", "--json")
    remote = rollbook(top, *call, "--repo", f"git@example.com:{top}/origin.git")
    assert the_same(remote, in_a_clone(top, *call))
    assert (tmp_path / "ssh.log").read_text().count("asked") == 2


_MODEL, _IN_NAMESPACE = "registry/credit-approval", "registry/risk/fraud"
_PATHS = st.sampled_from([
    "", "README.md", "nothing", "registry", "registry/policy.yaml", "registry/policy.yaml/x",
    _MODEL, f"{_MODEL}/versions", f"{_MODEL}/versions/1.2.0/evidence", f"{_MODEL}/stages.yaml",
    f"{_MODEL}/versions/1.2.0/version.yaml", "registry/other-1/versions/1.1.0/version.yaml",
    "registry/risk", _IN_NAMESPACE, f"{_IN_NAMESPACE}/versions", "registry/risk/nothing/versions",
    *(f"registry/other-{number}/versions" for number in range(12)),
])  # fmt: skip


@given(
    st.lists(st.tuples(st.sampled_from(["children", "read_many"]), st.lists(_PATHS, max_size=12)), max_size=4)
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_reading_in_any_order_reads_what_a_clone_reads(top, server, calls):
    with Registry.at_address(server.at("origin.git")) as remote, Registry.open(top / "origin.git") as local:
        for name, paths in calls:
            assert getattr(remote.snapshot, name)(paths) == getattr(local.snapshot, name)(paths)


def test_an_address_that_is_no_server_is_an_error():
    with pytest.raises(GitFailed), Registry.at_address("http://127.0.0.1:1/x.git") as registry:
        registry.model("m")


def test_a_date_that_is_none_is_said_before_anything_is_asked():
    with pytest.raises(BadCall, match="is not a date"), Registry.at_address("http://127.0.0.1:1/", at="x"):
        pass
