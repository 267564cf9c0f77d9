"""What a user tells git changes neither what is written nor what is said, but where git itself would obey."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook
from rollbook.git.config import config_text
from rollbook.git.repository import discover
from rollbook.git.trees import stored_tree, tree_files, unpack

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

REASON = "größer als zuvor"
# What `git help --config` lists and what could reach a command of the main path, in groups of settings that
# stay out of each other's way. A program that must not run is named `hostile`.
LOOKS = {
    "log.showSignature": "true", "log.date": "relative", "log.follow": "true", "log.abbrevCommit": "true",
    "log.decorate": "full", "log.diffMerges": "combined", "log.showRoot": "false", "log.mailmap": "true",
    "format.pretty": "fuller", "format.notes": "true", "core.quotePath": "true", "core.abbrev": "12",
    "core.pager": "hostile", "core.editor": "hostile", "core.commentChar": ";", "color.ui": "always",
    "color.branch": "always", "color.diff": "always", "color.status": "always", "color.transport": "always",
    "color.advice": "always", "column.ui": "always", "status.branch": "true", "status.short": "true",
    "status.showUntrackedFiles": "no", "status.showStash": "true", "status.relativePaths": "false",
    "status.aheadBehind": "false", "status.submoduleSummary": "true", "diff.noprefix": "true",
    "diff.external": "hostile", "diff.renames": "copies", "diff.mnemonicPrefix": "true",
    "diff.orderFile": "/nowhere/order", "diff.ignoreSubmodules": "all", "diff.relative": "true",
    "diff.submodule": "log", "diff.colorMoved": "zebra", "diff.wordRegex": ".", "diff.algorithm": "histogram",
    "diff.suppressBlankEmpty": "true", "grep.patternType": "perl", "grep.lineNumber": "true",
    "grep.column": "true", "grep.fullName": "false", "i18n.commitEncoding": "ISO-8859-1",
    "i18n.logOutputEncoding": "UTF-16", "notes.displayRef": "*", "blame.ignoreRevsFile": "/nowhere/file",
    "mailmap.file": "/nowhere/file", "pager.rev-list": "true", "pager.ls-files": "true",
    "pager.config": "true", "pager.for-each-ref": "true", "tag.sort": "-version:refname",
    "branch.sort": "-committerdate", "versionsort.suffix": "-", "trailer.separators": ":=",
    "advice.objectNameWarning": "false", "advice.statusHints": "true", "alias.rev-list": "log",
    "alias.commit-tree": "!hostile", "trace2.normalTarget": "/dev/null",
}  # fmt: skip
FILES = {
    "core.fsmonitor": "hostile", "core.untrackedCache": "true", "core.splitIndex": "true",
    "core.logAllRefUpdates": "false", "core.warnAmbiguousRefs": "false", "core.checkStat": "minimal",
    "core.trustctime": "false", "core.ignoreStat": "true", "core.compression": "0",
    "core.looseCompression": "9", "core.preloadIndex": "false", "core.commitGraph": "false",
    "core.multiPackIndex": "false", "core.sharedRepository": "group", "core.autocrlf": "true",
    "core.safecrlf": "true", "core.eol": "crlf", "core.fileMode": "false", "core.symlinks": "false",
    "core.ignoreCase": "true", "core.precomposeUnicode": "true", "core.bigFileThreshold": "10",
    "core.whitespace": "tab-in-indent", "core.askPass": "hostile", "core.excludesFile": "everything",
    "core.attributesFile": "attributes", "index.version": "4", "index.threads": "1", "index.sparse": "true",
    "feature.manyFiles": "true", "feature.experimental": "true", "filter.other.clean": "sed s/e/E/",
    "filter.other.smudge": "sed s/e/E/", "diff.other.textconv": "hostile", "merge.other.driver": "hostile",
    "gc.auto": "1", "gc.autoDetach": "false", "gc.writeCommitGraph": "true", "maintenance.auto": "true",
    "pack.useSparse": "false", "pack.indexVersion": "1", "rerere.enabled": "true", "tar.umask": "0077",
    "apply.whitespace": "error", "checkout.workers": "4", "checkout.thresholdForParallelism": "0",
    "sparse.expectFilesOutsideOfPatterns": "true", "submodule.recurse": "true", "init.templateDir": "",
}  # fmt: skip
REFS = {
    "merge.ff": "only", "merge.log": "true", "merge.conflictStyle": "diff3", "merge.renames": "true",
    "merge.verifySignatures": "true", "merge.renormalize": "true", "merge.directoryRenames": "true",
    "merge.branchdesc": "true", "commit.template": "/nowhere/template", "commit.cleanup": "scissors",
    "commit.verbose": "true", "commit.status": "false", "commit.gpgSign": "false", "tag.gpgSign": "false",
    "push.default": "nothing", "push.followTags": "true", "push.autoSetupRemote": "true",
    "push.useForceIfIncludes": "true", "push.recurseSubmodules": "only", "push.negotiate": "true",
    "push.gpgSign": "if-asked", "fetch.prune": "true", "fetch.pruneTags": "true", "fetch.fsckObjects": "true",
    "fetch.output": "compact", "fetch.all": "true", "fetch.parallel": "4", "fetch.unpackLimit": "1",
    "fetch.recurseSubmodules": "true", "fetch.showForcedUpdates": "false", "fetch.writeCommitGraph": "true",
    "fetch.negotiationAlgorithm": "skipping", "transfer.fsckObjects": "true", "transfer.unpackLimit": "1",
    "transfer.credentialsInUrl": "die", "transfer.advertiseSID": "true", "receive.fsckObjects": "true",
    "remote.pushDefault": "nowhere", "remote.origin.prune": "true", "remote.origin.pruneTags": "true",
    "remote.origin.push": "refs/heads/main:refs/heads/other", "pull.rebase": "true", "pull.ff": "only",
    "rebase.autoStash": "true", "rebase.updateRefs": "true", "branch.autoSetupMerge": "always",
    "branch.autoSetupRebase": "always", "checkout.guess": "false", "worktree.guessRemote": "true",
    "clone.defaultRemoteName": "upstream", "clone.rejectShallow": "true", "protocol.version": "1",
    "user.useConfigOnly": "true", "safe.bareRepository": "explicit", "credential.helper": "!hostile",
    "http.proxy": "http://127.0.0.1:9", "ssh.variant": "simple", "lsrefs.unborn": "ignore",
    "gpg.format": "x509", "alias.fetch": "!hostile", "alias.push": "!hostile",
    "url.file:///nowhere/.insteadOf": "nowhere:",
}  # fmt: skip
VARIABLES = {
    "GIT_TRACE": "1", "GIT_TRACE_SETUP": "1", "GIT_TRACE2": "1", "GIT_CURL_VERBOSE": "1",
    "GIT_PAGER": "hostile", "GIT_EDITOR": "hostile", "GIT_SEQUENCE_EDITOR": "hostile",
    "GIT_EXTERNAL_DIFF": "hostile", "GIT_ASKPASS": "hostile", "GIT_DIFF_OPTS": "-u9",
    "GIT_ICASE_PATHSPECS": "1", "GIT_NOTES_REF": "refs/notes/x", "GIT_REFLOG_ACTION": "x",
    "GIT_MERGE_VERBOSITY": "5", "GIT_PROGRESS_DELAY": "0", "GIT_FLUSH": "1", "GIT_OPTIONAL_LOCKS": "1",
    "GIT_PREFIX": "registry/", "GIT_INDEX_FILE": "/nowhere/index", "GIT_WORK_TREE": "/nowhere",
    "GIT_DEFAULT_HASH": "sha1", "GIT_TEMPLATE_DIR": "", "LANGUAGE": "de",
    "COLUMNS": "10", "TERM": "dumb",
}  # fmt: skip


def walk(world: World) -> None:
    """The main path, told by every command that reads."""
    world.register("churn", "1.0.0", "--description", REASON)
    world.promote("churn@1.0.0", "staging")
    world.run("promote", "churn@1.0.0", "production", "--reason", REASON, "--push")
    world.land("rollbook/promote/churn/1.0.0-production")
    world.run("audit", "record")
    world.run("audit", "verify")
    for words in (["check"], ["check", "--all"], ["check", "--staged"]):
        assert world.run(*words).out == "no errors\n"
    world.run("check", "--base", "main~1", "--head", "main")


def said(world: World) -> list[str]:
    """What is told of the registry, without times and ids."""
    told = [world.run("list").out, world.run("history").out, world.run("show", "churn@1.0.0").out]
    addresses = str(world.origin), f"file://{world.origin}"
    told += [world.run("list", "--repo", address).out for address in addresses]
    return [_timeless(text) for text in told]


def written(world: World) -> dict[str, str]:
    """The files, messages and tags of the origin, without times and ids; and what is changed in the clone."""
    found = {"status": _plain(world.registry, "status", "--porcelain")}
    for line in _plain(world.origin, "ls-tree", "-r", "main").split("\n"):
        facts, _, path = line.partition("\t")
        mode, _, oid = facts.split(" ")
        found[path] = f"{mode}\n{_plain(world.origin, 'cat-file', 'blob', oid)}"
    for number, commit in enumerate(_plain(world.origin, "rev-list", "--topo-order", "main").split("\n")):
        found[f"commit {number}"] = _plain(world.origin, "cat-file", "commit", commit)
    for ref in _plain(world.origin, "for-each-ref", "--format=%(refname)").split("\n"):
        found[ref] = _plain(world.origin, "cat-file", "-p", ref)
    return {name: _timeless(text) for name, text in found.items()}


def _plain(directory: Path, *arguments: str) -> str:
    """What git says to whoever tells it nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    environment = {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, check=True)
    return done.stdout.decode().rstrip("\n")


def _timeless(text: str) -> str:
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "TIME", text)
    return re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{12}|[0-9]{10} [+-][0-9]{4})\b", "ID", text)


@pytest.fixture(scope="session")
def walked(template: Template) -> tuple[dict[str, str], list[str]]:
    world = template(walk)
    return written(world), said(world)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Say that a program called `hostile` ran."""
    program = tmp_path / "bin" / "hostile"
    program.parent.mkdir()
    ran = tmp_path / "ran"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {ran}\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return ran


@pytest.mark.parametrize("settings", [LOOKS, FILES, REFS], ids=["looks", "files", "refs"])
def test_a_users_settings_change_nothing(
    world: World,
    walked: tuple[dict[str, str], list[str]],
    hostile: Path,
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = world.root / "users"
    files.mkdir()
    (files / "everything").write_text("*\n")
    attributes = "* text eol=crlf ident export-ignore merge=other\n*.json filter=other\n"
    (files / "attributes").write_text(attributes)
    theirs = [path.name for path in files.iterdir()]
    users = {name: str(files / value) if value in theirs else value for name, value in settings.items()}
    own = Path(os.environ["HOME"], ".gitconfig")
    (files / "gitconfig").write_text(config_text({"include.path": str(own), **users}))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(files / "gitconfig"))
    walk(world)
    assert said(world) == walked[1]
    assert not hostile.exists(), hostile.read_text()
    monkeypatch.undo()
    assert written(world) == walked[0]


def test_a_users_variables_change_nothing(
    world: World,
    walked: tuple[dict[str, str], list[str]],
    hostile: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    walk(world)
    assert said(world) == walked[1]
    assert not hostile.exists(), hostile.read_text()
    monkeypatch.undo()
    assert written(world) == walked[0]


@pytest.mark.parametrize(
    "variable", [("GIT_ALLOW_PROTOCOL", "https"), ("GIT_CONFIG_PARAMETERS", "'protocol.file.allow=never'")]
)
def test_what_git_may_not_talk_to_is_not_talked_to(
    world: World, variable: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*variable)
    ran = rollbook(world.registry, "list", "--repo", f"file://{world.origin}")
    assert (ran.code, "transport 'file' not allowed" in ran.err) == (1, True)


@pytest.mark.parametrize("count", ["x", "-1", "1e3"])
def test_a_count_of_settings_that_is_none_is_told(
    world: World, count: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", count)
    ran = rollbook(world.root, "list", "--repo", f"file://{world.origin}")
    assert (ran.code, "GIT_CONFIG_COUNT" in ran.err) == (2, True)


def test_files_of_a_tree_are_taken_as_they_are(world: World, tmp_path: Path) -> None:
    attributes = "* text eol=crlf ident export-ignore export-subst filter=other\n"
    (world.registry / ".git/info").mkdir(exist_ok=True)
    (world.registry / ".git/info/attributes").write_text(attributes)
    world.git("config", "filter.other.clean", "sed s/e/E/")
    world.git("config", "filter.other.required", "true")
    files = {
        "a.json": b"one\n$Id$\n$Format:%H$\n",
        "sub/größe \n": b"\r\nx\n",
        ".gitattributes": b"* -text\n",
    }
    given, taken = tmp_path / "given", tmp_path / "taken"
    taken.mkdir()
    for path, data in files.items():
        (given / path).parent.mkdir(parents=True, exist_ok=True)
        (given / path).write_bytes(data)
    repository = discover(world.registry)
    tree = stored_tree(repository, given)
    assert {file.path for file in tree_files(repository, tree)} == {*files}
    unpack(repository, tree, taken)
    assert {path: (taken / path).read_bytes() for path in files} == files
