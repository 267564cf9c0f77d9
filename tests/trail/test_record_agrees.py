"""Whatever lands past the check, and whenever it is recorded, verifying finds nothing wrong with any tag."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from building.texts import stages
from building.world import git
from rollbook.errors import CannotTell
from rollbook.trail.record import record
from rollbook.trail.verify import verify

from .histories import POLICY, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS = st.sampled_from(["credit", "credit", "risk/fraud"])
VERSIONS = st.sampled_from(["1.0.0", "1.1.0"])
STAGES = st.sampled_from(["development", "staging", "production", "archived", "we ird", "Staging", "x..y"])
BROKEN = st.sampled_from([": [", "", "- a", "a: &a [*a]", "\0", "staging: 1", "staging: {version: 3}"])
ODD_TABLES = st.sampled_from(
    [
        'staging: {version: "1.0.0", reason: "a\\n\\nTo: x", approvals: [{by: a@b}, {by: a@b}, {by: ""}]}\n',
        'production: {version: "1.0.0", reason: "x", approvals: [{by: "a\\u2028b"}, {by: "a b"}, {}]}\n',
        'staging: [{version: "1.0.0"}, {version: "1.0.0"}]\nproduction: {version: "1.0.0"}\n',
        'staging: {version: "9.9.9", reason: no such version}\n',
        'production: {version: "1.1.0", requested_by: "-----BEGIN SSH SIGNATURE-----"}\n',
    ]
)
DATES = st.sampled_from([0, 1, 1_700_000_000, 1_767_225_600, 2_085_978_496, 99_999_999_999, 10**17])
# What is broken by the landing itself: registered files that are gone or changed, a list that is.
OF_MAIN = {"RB611", "RB612"}


class PastTheCheck(RuleBasedStateMachine):
    """Main as anybody who gets past the check may leave it, and records in between."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.history = new_history(self.folder / "registry.git")
        self.history.commit(registration("credit", "1.0.0"))
        self.history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})

    def teardown(self) -> None:
        try:
            self.record()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def standing(self, prefix: str) -> list[str]:
        listed = git(self.history.directory, "ls-tree", "-r", "--name-only", "main", f"{prefix}/")
        return listed.split("\n") if listed else []

    @rule(model=MODELS, version=VERSIONS, extra=st.sampled_from(["", "team: risk\n"]))
    def register(self, model: str, version: str, extra: str) -> None:
        self.history.commit(registration(model, version, extra))

    @rule(model=MODELS, held=st.dictionaries(VERSIONS, STAGES, max_size=3))
    def move(self, model: str, held: dict[str, str]) -> None:
        table: dict[str, list[str]] = {}
        for version, stage in held.items():
            table.setdefault(f'"{stage}"', []).append(version)
        self.history.commit({f"registry/{model}/stages.yaml": stages(**table)})

    @rule(model=MODELS, table=BROKEN)
    def break_stages(self, model: str, table: str) -> None:
        self.history.commit({f"registry/{model}/stages.yaml": table})

    @rule(table=ODD_TABLES)
    def write_odd_stages(self, table: str) -> None:
        self.history.commit({"registry/credit/stages.yaml": table})

    @rule(model=MODELS)
    def link_stages(self, model: str) -> None:
        self.history.commit({f"registry/{model}/stages.yaml": ("120000", b"/etc/passwd")})  # type: ignore[dict-item]

    @rule(model=MODELS, version=VERSIONS, text=BROKEN)
    def break_a_manifest(self, model: str, version: str, text: str) -> None:
        self.history.commit({f"registry/{model}/versions/{version}/version.yaml": text})

    @rule(text=BROKEN)
    def break_the_policy(self, text: str) -> None:
        self.history.commit({"registry/policy.yaml": text})

    @rule(name=st.sampled_from(["development", "new", "we ird", "x..y"]))
    def write_the_policy(self, name: str) -> None:
        self.history.commit({"registry/policy.yaml": POLICY.replace("development", f'"{name}"')})

    @rule(model=MODELS)
    def remove_all(self, model: str) -> None:
        self.history.commit(dict.fromkeys(self.standing(f"registry/{model}")))

    @rule()
    def rename(self) -> None:
        names = self.standing("registry/credit")
        files = {name: git(self.history.directory, "show", f"main:{name}") for name in names}
        moved = {name.replace("credit", "Credit2", 1): text + "\n" for name, text in files.items()}
        self.history.commit({**dict.fromkeys(names), **moved})

    @rule()
    def put_back(self) -> None:
        """Main's tree as it was before the last commit."""
        git(
            self.history.directory,
            "update-ref",
            "refs/heads/main",
            self.again("main~1^{tree}", self.history.clock),
        )

    @rule(date=DATES)
    def land_at(self, date: int) -> None:
        git(self.history.directory, "update-ref", "refs/heads/main", self.again("main^{tree}", date))
        self.history.commit(registration("credit", "3.0.0"), at=min(date, 10**11 - 1))

    def again(self, tree: str, date: int) -> str:
        oid = git(self.history.directory, "rev-parse", tree)
        parent = git(self.history.directory, "rev-parse", "main")
        text = (
            f"tree {oid}\nparent {parent}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> {date} +0000\n\nx\n"
        )
        command = ("hash-object", "-w", "-t", "commit", "--stdin", "--literally")
        return git(self.history.directory, *command, stdin=text)

    @rule()
    def record(self) -> None:
        strays: list[str] = []
        record(self.history.repository, name_stray=strays.append)
        assert strays == []
        assert record(self.history.repository) == []
        try:
            found = verify(self.history.repository)
        except CannotTell:
            return
        assert [item for item in found.contradictions if item.code not in OF_MAIN] == []


PastTheCheck.TestCase.settings = settings(
    max_examples=int(os.environ.get("ROLLBOOK_HISTORIES", "20")),
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_what_is_recorded_is_verified_whatever_landed = PastTheCheck.TestCase


def recorded_and_verified(*commits: Mapping[str, str | None]) -> list[str]:
    """Land these files one commit after the other, record after each, and return the tags, of which none is
    wrong."""
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "registry.git")
        for files in commits:
            history.commit(files)
            record(history.repository)
        found = verify(history.repository)
        assert [item for item in found.contradictions if item.code not in OF_MAIN] == []
        return sorted(history.tags())


VERSION = registration("credit", "1.0.0")
TABLE = "registry/credit/stages.yaml"


def test_a_version_that_was_removed_and_put_back_is_recorded_and_verified() -> None:
    in_staging = {TABLE: stages(staging=["1.0.0"])}
    gone = dict.fromkeys([*VERSION, TABLE])
    tags = recorded_and_verified({**VERSION, **in_staging}, gone, {**VERSION, **in_staging})
    assert tags == ["credit#staging!#3", "credit#staging#2", "credit#staging#4", "credit@v1.0.0"]


def test_an_approver_who_is_named_twice_is_recorded_once_and_verified() -> None:
    text = "staging: {version: '1.0.0', approvals: [{by: a@b.c}, {by: a@b.c}, {by: ''}]}\n"
    assert recorded_and_verified(VERSION, {TABLE: text}) == ["credit#staging#2", "credit@v1.0.0"]


@pytest.mark.parametrize("stage", ["we ird", "x..y", "a~1", "x.lock", "a\\tb", "-" * 65])
def test_a_stage_that_no_tag_can_be_named_after_is_as_one_that_can_not_be_read(stage: str) -> None:
    text = f'"{stage}": {{version: "1.0.0"}}\n'
    assert recorded_and_verified(VERSION, {TABLE: text}) == ["credit@v1.0.0"]
