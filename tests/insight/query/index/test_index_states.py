"""Whatever happens to a repository and to its index, what the index says is what the files and tags say."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from descend_from_scratch import came_from_version, saw_data
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule
from index_desk import Desk, collect_garbage

from building.examples import examples
from building.memory import Files
from building.texts import POLICY, manifest
from rollbook import Registry
from rollbook.errors import InvalidFile, NotFound
from rollbook.insight.lineage.descendants import from_data, from_version
from rollbook.insight.query.index import update
from rollbook.insight.query.index.index_files import KEPT
from rollbook.insight.query.index.lookup import ask
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.insight.lineage.descendants import Descendant

_LINEAGE = """\
lineage:
  data: [{name: customers, version: "1", digest: %s, rows: 10}, {name: "odd@name"}]
  features: {name: store, version: "2", count: 3}
  code: {commit: 1f7a7a472abf1f7a7a472abf1f7a7a472abf1f7a, repository: "https://git.example.com/x"}
  run: {tool: mlflow, id: abc}
  parents: [a@1.0.0, "b/c@v2.0.0-rc.1", nonsense]
metrics: {auc: 0.5, loss: .inf}
hyperparameters: {depth: 6, names: [x, y], kind: "6", on: true, none: null}
tags: {campaign: weekly}
framework: {name: scikit-learn, version: "1.7.2"}
"""
_CHAIN = """\
lineage:
  data:
    - {name: train, version: "1", from: [clean@2, "odd@name"], step: split.py}
    - {name: clean, version: "2", from: [customers@1], step: clean.py, code: {commit: %s}}
    - {name: ring, from: [ring]}
  code: [{commit: %s}, {commit: %s, role: features}]
"""
_STAGES = """\
production: {version: 1.0.0, reason: best, requested_by: jane, requested_at: 2026-11-21T10:00:00+01:00}
archived:
  - {version: 1.0.0}
  - version: 9.9.9
    override: {reason: urgent}
    automatic: {version: 1.3.0, evidence: monitoring-3}
    despite: {evidence: [monitoring-1, monitoring-2], reason: labels were wrong}
    approvals: [{by: joe}, nonsense]
aliases:
  champion: 1.0.0
  best: {version: 9.9.9, reason: urgent, requested_by: joe, requested_at: 2026-11-21, approvals: [{by: ann}]}
  gone: {removed: 1.0.0}
"""
_EVIDENCE = """\
{kind: fairness, model: a, version: 1.0.0, artifact_sha256: "%s", passed: %s, created_at: 2026-01-01,
 created_by: jane, metrics: {gap: 0.1}, tool: {name: fairlearn}}
"""
_REMOVED = f"""\
{{model: a, version: 1.0.0, removed_at: 2026-01-01T00:00:00Z, removed_by: jane, reason: old, stage: archived,
 artifact: {{sha256: "{"a" * 64}", size: 12, md5: "{"b" * 32}"}}}}
"""
# Each kind of file, with contents that are good, others that are, and some that can't be read.
_CONTENTS = {
    "model.yaml": [
        "{name: a, owner: jane, team: risk, tags: {tier: '1'}}",
        "{name: a, owner: jo}",
        "{name: a",
        "[]",
    ],
    "stages.yaml": [_STAGES, "staging: {version: 1.0.0}\n", "", "production: 1\n", "staging: {version: x}\n"],
    "versions/{v}/version.yaml": [
        manifest("a", "1.0.0"),
        manifest("a", "1.0.0", _LINEAGE % ("c" * 64)),
        manifest("a", "1.0.0", "lineage: {data: [1]}\nmetrics: {auc: 2}\n"),
        manifest("a", "1.0.0", "training: {dataset_version: '3'}\n"),
        manifest("a", "1.0.0", _CHAIN % ("1" * 40, "2" * 40, "3" * 40)),
        manifest(
            "a",
            "1.0.0",
            "training: {dataset: customers, dataset_version: '4'}\nlineage: {data: [{name: customers}]}\n",
        ),
        manifest("a", "1.0.0", "description: changed\nmetrics: {huge: 1%s}\n" % ("0" * 400)),
        "a: [",
        "x" * (1 << 20) + "yz",
        b"\xff\xfe",
    ],
    "versions/{v}/notes.yaml": ["{description: slow, tags: {seen: 'yes'}}", "", "{tags: 1}"],
    "versions/{v}/evidence/fairness-1.yaml": [
        _EVIDENCE % ("a" * 64, "true"),
        _EVIDENCE % ("d" * 64, "false"),
        "{",
    ],
    "versions/{v}/evidence/fairness-2.yaml": [_EVIDENCE % ("a" * 64, "false")],
    "versions/{v}/evidence/deployment-1.yaml": [
        (_EVIDENCE % ("a" * 64, "true")).replace("fairness,", "deployment, target: eu-west,"),
        (_EVIDENCE % ("a" * 64, "false")).replace("fairness,", "deployment,"),
    ],
    "versions/{v}/removed.yaml": [_REMOVED, "{}"],
    "versions/{v}/card.md": ["# Card"],
    "versions/{v}/evidence/strange.txt": ["strange"],
    "versions": ["a file where a folder may be"],
    "strange.yaml": ["{}"],
}
_MODELS = ["a", "b", "b/c", "b/d", "con", "a.b"]
_VERSIONS = ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0-rc.1.x", "not-a-version"]
_PLACES = sorted(
    {
        (f"registry/{model}/{path.format(v=version)}", path)
        for model in _MODELS
        for path in _CONTENTS
        for version in _VERSIONS
    }
)
_POLICIES = [POLICY, POLICY.replace("{name: development,", "{name: experiment,")]
_DATA = ["customers", "customers@1", "customers@4", "@3", "3", "c" * 64, "odd@name"]
_TAGS = ["a@v1.0.0", "a#production#2", "strange", "b/c@v1.0.0"]


@st.composite
def _changes(draw: st.DrawFn) -> dict[str, str | bytes | None]:
    """Some files, each with one of the contents that fit its name, or removed."""
    files: dict[str, str | bytes | None] = {}
    for path, kind in draw(st.lists(st.sampled_from(_PLACES), min_size=1, max_size=6)):
        if not any(one.startswith(f"{path}/") or path.startswith(f"{one}/") for one in files):
            files[path] = draw(st.sampled_from([*_CONTENTS[kind], None]))
    if draw(st.integers(0, 9)) == 0:
        files["registry/policy.yaml"] = draw(st.sampled_from(_POLICIES))
    return files


class Repositories(RuleBasedStateMachine):
    """Commits, branches and tags come, go and move; indexes are broken in every way; questions are asked."""

    commits = Bundle("commits")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="rollbook-test-"))
        self.desk = Desk(self.root / "registry.git")

    def teardown(self) -> None:
        try:
            for commit in self.desk.commits[-6:]:
                self._agree(commit)
        finally:
            shutil.rmtree(self.root)

    def _agree(self, commit: str) -> None:
        found, expected = self.desk.indexed(commit), self.desk.from_scratch(commit)
        for view, rows in expected.items():
            assert found[view] == rows, view

    @initialize(target=commits)
    def first(self) -> str:
        return self.desk.commits[-1]

    @rule(target=commits, files=_changes())
    def change(self, files: dict[str, Any]) -> str:
        return self.desk.commit(files)

    @rule(target=commits, files=_changes(), base=commits)
    def change_another_branch(self, files: dict[str, Any], base: str) -> str:
        return self.desk.commit(files, base)

    @rule(
        name=st.sampled_from(_TAGS),
        landed_in=commits,
        action=st.sampled_from(Action),
        number=st.integers(1, 3),
        people=st.lists(st.sampled_from(["ann@example.com", "joe@example.com"]), max_size=2),
    )
    def record(self, name: str, landed_in: str, action: Action, number: int, people: list[str]) -> None:
        self.desk.tag(
            name, landed_in, action=action, number=number, target="production", approved_by=tuple(people)
        )

    @rule(name=st.sampled_from(_TAGS))
    def forget_tag(self, name: str) -> None:
        self.desk.git("update-ref", "-d", f"refs/tags/{name}")

    @rule()
    def collect_garbage(self) -> None:
        for place, commit in enumerate(self.desk.commits):  # every commit may be asked for later
            self.desk.git("update-ref", f"refs/heads/kept-{place}", commit)
        collect_garbage(self.desk.directory)

    @rule(commit=commits)
    def ask(self, commit: str) -> None:
        self._agree(commit)

    @rule()
    def ask_the_newest(self) -> None:
        self._agree(self.desk.commits[-1])

    @rule(commit=commits, data=st.sampled_from(_DATA))
    def ask_what_saw_data(self, commit: str, data: str) -> None:
        with Registry.open(self.desk.directory, rev=commit) as registry:
            assert _answer(from_data, registry, data) == _answer(saw_data, registry, data)

    @rule(commit=commits, parent=st.sampled_from(["a@1.0.0", "b/c@2.0.0-rc.1", "nonsense@1.0.0"]))
    def ask_what_came_from_a_version(self, commit: str, parent: str) -> None:
        with Registry.open(self.desk.directory, rev=commit) as registry:
            assert _answer(from_version, registry, parent) == _answer(came_from_version, registry, parent)

    @rule(
        commit=commits,
        which=st.integers(0, KEPT - 1),
        kind=st.integers(0, 9),
        at=st.integers(0, 1 << 20),
        content=st.binary(min_size=1, max_size=5_000),
    )
    def damage(self, commit: str, which: int, kind: int, at: int, content: bytes) -> None:
        self._agree(commit)
        if self.desk.indexes:
            path = self.desk.indexes[which % len(self.desk.indexes)]
            _DAMAGES[kind](path, at % max(path.stat().st_size, 1), content)
        self._agree(commit)

    @rule()
    def delete_all(self) -> None:
        shutil.rmtree(self.desk.directory / "rollbook", ignore_errors=True)


def _answer(question: Callable[[Registry, str], list[Descendant]], registry: Registry, asked: str) -> object:
    """The answer; nothing where nothing is found, and the reason where a file can't be read."""
    try:
        return question(registry, asked)
    except NotFound:
        return []
    except InvalidFile as error:
        # Not the path: a manifest that names another version is told by that name from scratch.
        return (error.key, error.message)


def _overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def _cut(path: Path, at: int, _: bytes) -> None:
    with path.open("r+b") as file:
        file.truncate(at)


def _change_a_row(path: Path, *_: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE version SET stage = 'production'")
    connection.close()


def _claim_another_tree(path: Path, *_: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'tree'", ("1" * 40,))
    connection.close()


def _another_format(path: Path, *_: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


def _another_database(path: Path, *_: object) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE meta (key, value)")
        connection.execute("INSERT INTO meta VALUES ('tree', ?)", (path.name[:40],))
    connection.close()


def _a_folder(path: Path, *_: object) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _a_leftover_journal(path: Path, *_: object) -> None:
    Path(f"{path}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(600))


_DAMAGES = [
    _overwrite, _cut, _change_a_row, _claim_another_tree, _another_format, _another_database, _a_folder,
    _a_leftover_journal, lambda path, *_: path.unlink(), lambda path, *_: path.write_bytes(b""),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that trees of a few files are near or far."""
    monkeypatch.setattr(update, "NEAR", 3)


Repositories.TestCase.settings = settings(max_examples=examples(8), stateful_step_count=20, deadline=None)
test_the_index_says_what_the_files_and_tags_say = Repositories.TestCase


def test_an_index_has_what_questions_need_however_it_was_made(tmp_path: Path) -> None:
    def names(connection: sqlite3.Connection) -> list[str]:
        listed = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'source_%' ORDER BY name"
        return [name for (name,) in connection.execute(listed)]

    wanted = ["source_commit", "source_digest", "source_name", "source_uri"]
    desk = Desk(tmp_path / "bare.git")
    for files in ({"registry/a/model.yaml": "{}"}, {"registry/b/model.yaml": "{}"}):
        desk.commit(files)
        with Registry.open(desk.directory) as registry:
            assert ask(registry, names) == wanted
    with closing(update.of_files(Files({"registry/policy.yaml": POLICY}))) as connection:
        assert names(connection) == wanted
