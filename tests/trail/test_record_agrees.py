"""Whatever lands past the check, and whenever it is recorded, verifying finds nothing wrong with any tag."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from building.texts import stages
from rollbook.errors import CannotTell
from rollbook.trail.record import record
from rollbook.trail.verify import verify
from worlds import git

from .histories import POLICY, new_history, registration

MODELS = st.sampled_from(["credit", "risk/fraud"])
VERSIONS = st.sampled_from(["1.0.0", "1.1.0", "2.0.0-rc.1"])
STAGES = st.sampled_from(
    ["development", "staging", "production", "archived", "we ird", "Staging", "a#b", "x..y"]
)
BROKEN = st.sampled_from([": [", "", "- a", "a: &a [*a]", "\0", "staging: 1", "staging: {version: 3}"])
ODD_TABLES = st.sampled_from(
    [
        "staging: {version: 1.0.0, reason: 'a\\n\\nAction: x', "
        "approvals: [{by: a@b.c}, {by: a@b.c}, {by: ''}]}\n",
        'production: {version: "1.0.0", reason: "x", approvals: [{by: "a\\u2028b"}, {by: "a b"}, {}]}\n',
        'staging: [{version: "1.0.0"}, {version: "1.0.0"}]\nproduction: {version: "1.0.0"}\n',
        'staging: {version: "9.9.9", reason: no such version}\n',
        'production: {version: "1.1.0", requested_by: "-----BEGIN SSH SIGNATURE-----", '
        'requested_at: "x: y"}\n',
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

    def teardown(self) -> None:
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

    @rule(model=MODELS, table=st.one_of(BROKEN, ODD_TABLES))
    def write_stages_by_hand(self, model: str, table: str) -> None:
        self.history.commit({f"registry/{model}/stages.yaml": table})

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
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
test_what_is_recorded_is_verified_whatever_landed = PastTheCheck.TestCase
